// SPDX-License-Identifier: Apache-2.0
// gyre fit: its arguments as a job for loop/bulk/bulk_fit.h.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "io/option_json.h"
#include "loop/bulk/best_body.h"
#include "loop/bulk/bulk_fit.h"
#include "loop/bulk/fit_output.h"
#include "loop/bulk/fit_table.h"
#include "loop/bulk/network_start.h"
#include "loop/bulk/person_source.h"
#include "loop/presets/preset.h"
#include "loop/runs/body_notes.h"
#include "tools/body_choice.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/fit_flags.h"
#include "tools/mask_arguments.h"
#include "tools/person_arguments.h"
#include "tools/picture_arguments.h"
#include "tools/sequence_arguments.h"
#include "tools/video_arguments.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

const FlagNames& BulkFitFlags() {
  static const FlagNames names = {
      .prefix = "fit.",
      .short_names = {{"hypotheses", "hypotheses"}, {"min_observed_joints", "min-joints"}}};
  return names;
}

// `defaults`, `body`: of the preset that the command line names.
cxxopts::Options MakeOptions(const FitOptions& defaults, const std::string& body) {
  cxxopts::Options options("gyre fit",
                           "Fit the body to 2D keypoints; of several, each given by --body, the "
                           "one that explains a person best.");
  options.set_width(100);
  AddPersonOptions(options);
  options.add_options("Input (one of)")("problems", "Benchmark problems (.npz)",
                                        cxxopts::value<std::string>(), "FILE");
  options.add_options()("join",
                        "Put the results of all shards together: --join A.npz B.npz --out ALL.npz")(
      "start",
      "mean: nothing is known but keypoints, see --fit.cold-start; net: the network of "
      "--checkpoint, "
      "which alone "
      "means this; given: --params, likewise, or a problem file's net; a problem file's starts "
      "also by name",
      cxxopts::value<std::string>()->default_value("mean"),
      "START")("checkpoint",
               "Run or checkpoint of the network to start from; needs --images, unless it looks at "
               "keypoints "
               "(gyre train --preset prior18)",
               cxxopts::value<std::string>(), "DIR")(
      "params",
      "Bodies to start from (.npz: pose [N,72], betas [N,10], optional transl [N,3]), one "
      "row per person of the input",
      cxxopts::value<std::string>(), "FILE");
  options.add_options(kHidden)("sigma", "--fit.sigma-px, and --fit.first-sigma-px not below it",
                               cxxopts::value<double>(), "PX");
  options.add_options(kHidden)("files", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"files"});
  AddFitFlags(options, defaults, BulkFitFlags());
  AddMaskOptions(options);
  AddVideoOptions(options);
  AddSequenceOptions(options);
  AddBodyOptions(options, body);
  AddPrintOptions(options);
  AddQuietOption(options);
  return options;
}

// What --start says, or without it what else was given.
std::string StartOf(const cxxopts::ParseResult& args) {
  if (args.count("start") == 0 && args.count("checkpoint") > 0) return "net";
  if (args.count("start") == 0 && args.count("params") > 0) return "given";
  return args["start"].as<std::string>();
}

void CheckArguments(const cxxopts::ParseResult& args) {
  const auto given = [&](const char* name) { return args.count(name) > 0; };
  if (given("files")) {
    throw UsageError(fmt::format("unexpected argument '{}'; see gyre fit --help",
                                 args["files"].as<std::vector<std::string>>()[0]));
  }
  CheckPersonArguments(args, static_cast<int>(args.count("problems") + args.count("video")));
  const std::string start = StartOf(args);
  if (given("problems") || given("video")) return;
  if (start != "mean" && start != "given" && start != "net") {
    throw UsageError(fmt::format("--start is '{}'; it must be mean, net or given", start));
  }
  if ((start == "net") != given("checkpoint")) {
    throw UsageError("--start net and --checkpoint belong together");
  }
  if ((start == "given") != given("params")) {
    throw UsageError("--start given and --params belong together");
  }
}

FitOptions FitOptionsOf(const cxxopts::ParseResult& args) {
  FitOptions options = ForBulk(PresetFit(args), FitsMotion(args));
  ApplyFlags(args, &options, BulkFitFlags());
  if (args.count("sigma")) {
    if (args.count("fit.sigma-px")) {
      throw UsageError("--sigma and --fit.sigma-px are the same; give one of them");
    }
    const double sigma_px = args["sigma"].as<double>();
    if (!(sigma_px >= 1 && sigma_px <= 1e6)) {
      throw UsageError(fmt::format("--sigma is {}; it must be from 1 to 1e6", sigma_px));
    }
    options.sigma_px = sigma_px;
    options.first_sigma_px = std::max(options.first_sigma_px, sigma_px);
  }
  options.Check();
  return options;
}

// As they stand in the result's "run".
nlohmann::json EffectiveOptions(const cxxopts::ParseResult& args) {
  nlohmann::json json = FieldsToJson(FitOptionsOf(args), "fit.");
  json["start"] = StartOf(args);
  if (FitsMotion(args)) json.update(FieldsToJson(SequenceOptionsOf(args), "sequence."));
  if (args.count("video")) json.update(FieldsToJson(TrackOptionsOf(args), "track."));
  if (const MaskChoice masks = MaskChoiceOf(args); masks.Given()) {
    json.update(FieldsToJson(masks.options, "masks."));
  }
  return json;
}

// All but what is read from files.
FitJob JobOf(const cxxopts::ParseResult& args) {
  FitJob job = PersonJobOf(args);
  job.fit = FitOptionsOf(args);
  ForEachField(job.fit, [&](const std::string& field, const auto&, const char*) {
    const std::string name = BulkFitFlags().prefix + field;
    if (GivenText(args, FlagOf(name), BulkFitFlags().ShortOf(field))) job.given.insert(name);
  });
  if (FitsMotion(args)) {
    job.sequence =
        FrameSettings{args.count("fps") ? args["fps"].as<double>() : 0, SequenceOptionsOf(args)};
  }
  job.masks = MaskChoiceOf(args);
  CheckMaskArguments(args, job.fit.stages);
  job.notes["start"] = StartOf(args);
  job.notes["preset"] = args["preset"].as<std::string>();
  return job;
}

// `detected`: the file of DetectedKeypoints; empty: others are given. `sources`: of made-up people.
PersonSource SourceOf(const cxxopts::ParseResult& args, const fs::path& detected,
                      const SceneSources& sources, FitJob* job) {
  const auto left_out = std::make_shared<LeftOutCounts>();
  job->left_out = left_out;
  const auto path = [&](const char* name) -> fs::path { return args[name].as<std::string>(); };
  const PersonChoice choice = PersonChoice::Parse(args["person"].as<std::string>());
  if (args.count("sequence")) {
    return OpenPoseFrames(path("openpose"), args["images"].as<std::string>(), choice,
                          PictureOptionsOf(args));
  }
  PersonSource source =
      PersonsOf(args, detected, sources, BoxesAlone::kLeaveOut, job->fit.stages, left_out);
  if (!source) {
    const std::string start = args["start"].as<std::string>();
    const std::string name = start == "mean" || args.count("params") ? ""
                             : start == "given"                      ? "net"
                                                                     : start;
    source = ProblemSource(path("problems"), name);
  }
  if (args.count("params")) {
    RequireBody(BodyOfNpz(path("params")), *sources.body,
                args["joint-regressor-extra"].as<std::string>(), path("params").string());
    source = WithStarts(std::move(source), path("params"), *sources.body->layout);
  }
  return Choose(std::move(source), choice);
}

int RunJoin(const cxxopts::ParseResult& args, const fs::path& out) {
  if (args.count("files") == 0) {
    throw UsageError("--join needs the shards' results: --join A.npz B.npz --out ALL.npz");
  }
  for (const char* option :
       {"video", "data",     "openpose", "coco",       "problems",    "spin-npz", "images",
        "focal", "focal-mm", "center",   "camera",     "camera-name", "exif",     "keypoints-of",
        "shard", "start",    "params",   "checkpoint", "restart",     "overlays", "masks"}) {
    if (args.count(option)) {
      throw UsageError(fmt::format("--join takes results alone; leave --{} out", option));
    }
  }
  const auto& files = args["files"].as<std::vector<std::string>>();
  CheckOut(out);
  FitRun run = ReadRun(files[0]);
  run.erase("shard");
  if (const std::string other = OtherThan(run, out); !other.empty() && args.count("force") == 0) {
    ThrowUserError("{}: {}; choose another --out, or --force to write over it", out.string(),
                   other);
  }
  JoinFits({files.begin(), files.end()}, out);
  ReportFits(out, FitReport(), args.count("json") > 0);
  return 0;
}

// As often as --body was given.
std::vector<std::string> BodiesOf(const cxxopts::ParseResult& args) {
  std::vector<std::string> bodies;
  for (const auto& argument : args.arguments()) {
    if (argument.key() == "body") bodies.push_back(argument.value());
  }
  return bodies;
}

// Fits the persons to `out`, which is that of one body of several where it is not --out.
// `made_up`: the body of people of synth:; null: the same.
FitReport FitTo(const fs::path& out, const BodyChoice& body, const cxxopts::ParseResult& args,
                const std::shared_ptr<const BodyModel>& made_up = nullptr) {
  const fs::path whole_out = ResolveOut(args["out"].as<std::string>());
  FitJob job = JobOf(args);
  if (job.sequence && job.fit.stages != FitStages::kBody) {
    throw UsageError("--sequence moves no hands and faces yet; leave the preset or --sequence out");
  }
  BulkFit fit(out);  // from here on nobody else writes it
  job.body = LoadBodyModel(body.path, body.extra_path);
  TellStandIns(*job.body);
  job.body_extra = body.extra_path;
  job.prior = PriorOf(args);
  if (out != whole_out && !job.overlays.empty()) {
    job.overlays /= out.stem().extension().string().substr(1);  // fits.NAME.npz
  }
  if (args.count("video")) {
    OpenVideo(args, out, &job);
  } else {
    const SceneSources sources{made_up ? made_up : job.body, nullptr};
    job.persons = SourceOf(args, DetectedKeypoints(args, whole_out), sources, &job);
  }
  job.survey = SurveyOf(job.persons, job.camera, job.pictures.get());
  if (args.count("checkpoint")) {
    job.network = OpenNetworkStart(args["checkpoint"].as<std::string>(), job.body);
  }
  CheckSurvey(job.survey, args, job.network && job.network->needs_pictures());
  return fit.Run(job);
}

// Everybody with every body; the best one of each.
FitReport FitBodies(const fs::path& out, const std::vector<std::string>& bodies,
                    const cxxopts::ParseResult& args) {
  for (const char* option : {"video", "sequence", "checkpoint", "params", "shard"}) {
    if (args.count(option)) {
      throw UsageError(fmt::format("--body is given more than once; --{} goes with one", option));
    }
  }
  const std::string extra = args["joint-regressor-extra"].as<std::string>();
  const auto first = LoadBodyModel(bodies.front(), extra);
  for (size_t i = 1; i < bodies.size(); ++i) {
    if (std::find(bodies.begin(), bodies.begin() + i, bodies[i]) != bodies.begin() + i) {
      throw UsageError(fmt::format("--body {} is given twice", bodies[i]));
    }
    if (*LoadBodyModel(bodies[i], extra)->layout == *first->layout) continue;
    ThrowUserError("{}: has other joints or shapes than {}; bodies have to be of one layout",
                   bodies[i], bodies.front());
  }
  const std::vector<fs::path> files = OutOfEachBody(out, bodies);
  FitReport all;
  for (size_t i = 0; i < bodies.size(); ++i) {
    CheckOut(files[i]);
    const FitReport report = FitTo(files[i], {bodies[i], extra}, args, first);
    all.fitted += report.fitted;
    all.seconds += report.seconds;
    all.left_out = report.left_out;
    all.finished = report.finished;
    if (!all.finished) return all;
  }
  ChooseBodies(files, out, args.count("force") > 0);
  const std::vector<int64_t> chosen = CountChosen(out, bodies);
  for (size_t i = 0; i < bodies.size(); ++i) {
    spdlog::info("{}: the best body of {} people; all with it: {}", bodies[i], chosen[i],
                 files[i].string());
  }
  return all;
}

}  // namespace

int RunFit(int argc, char** argv) {
  const bool motion = std::any_of(argv, argv + argc, [](const std::string& text) {
    return text == "--sequence" || text == "--video" || text.starts_with("--video=");
  });
  const Preset& preset = FindPreset(ArgumentOf(argc, argv, "preset", "default"));
  cxxopts::Options options = MakeOptions(ForBulk(preset.Fit(), motion), preset.FitBody());
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  if (PrintedOptions(options, args, EffectiveOptions(args))) return 0;
  const fs::path out = ResolveOut(Required(args, "out"));
  CheckVideoArguments(args);
  CheckSequenceArguments(args);
  if (args.count("join")) return RunJoin(args, out);
  CheckArguments(args);
  CheckOut(out);
  CheckOutIsNoInput(args, out);
  const std::vector<std::string> bodies = BodiesOf(args);
  const BodyIdentity of_run = args.count("checkpoint") > 0
                                  ? BodyOfRun(args["checkpoint"].as<std::string>())
                                  : BodyIdentity();
  const FitReport report = bodies.size() > 1 ? FitBodies(out, bodies, args)
                                             : FitTo(out, ChooseBody(args, "body", of_run), args);
  if (!report.finished) return kExitStopped;
  ReportFits(out, report, args.count("json") > 0);
  return 0;
}

}  // namespace gyre
