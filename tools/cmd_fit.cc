// SPDX-License-Identifier: Apache-2.0
// gyre fit: reads persons as a stream, fits them chunk by chunk on all cores, and appends the
// results to a journal beside --out, from which a later run goes on and the .npz is made at the
// end.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/fingerprint.h"
#include "fitting/fitter.h"
#include "io/journal.h"
#include "io/option_json.h"
#include "loop/bulk/fit_identity.h"
#include "loop/bulk/fit_loop.h"
#include "loop/bulk/fit_output.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/fit_sequence.h"
#include "loop/bulk/network_start.h"
#include "loop/bulk/person_source.h"
#include "loop/runs/run_directory.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/fit_flags.h"
#include "tools/sequence_arguments.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const FlagNames& BulkFitFlags() {
  static const FlagNames names = {
      .prefix = "fit.",
      .short_names = {{"hypotheses", "hypotheses"}, {"min_observed_joints", "min-joints"}}};
  return names;
}

// What this command does otherwise than training, whatever the preset.
FitOptions WithOwnDefaults(FitOptions options, bool sequence) {
  options.min_observed_joints = 8;
  options.estimate_uncertainty = !sequence;
  return options;
}

cxxopts::Options MakeOptions() {
  cxxopts::Options options("gyre fit", "Fit the body to 2D keypoints.");
  options.set_width(100);
  options.add_options("Input (one of)")("data",
                                        "Data set: a file, or KIND:PATH?key=value as for training",
                                        cxxopts::value<std::string>(), "SPEC")(
      "openpose", "OpenPose BODY_25 JSON: a file, or a folder of NAME_keypoints.json",
      cxxopts::value<std::string>(),
      "FILE|DIR")("coco", "COCO person keypoints JSON", cxxopts::value<std::string>(), "FILE")(
      "problems", "Benchmark problems (.npz)", cxxopts::value<std::string>(), "FILE")(
      "spin-npz", "SPIN's data file (.npz)", cxxopts::value<std::string>(), "FILE");
  options.add_options()("images", "Folder of the pictures, or the one picture",
                        cxxopts::value<std::string>()->default_value(""), "DIR|FILE")(
      "out", "Result (.npz); one row per person in input order", cxxopts::value<std::string>(),
      "FILE")("restart", "Forget what an earlier run of the same --out has done")(
      "shard", "Fit the i-th of n equal parts of the persons, i from 1 to n",
      cxxopts::value<std::string>()->default_value("1/1"),
      "i/n")("join", "Put the results of all shards together: --join A.npz B.npz --out ALL.npz")(
      "overlays",
      "Folder for pictures of the bodies over the photographs; needs --images or --data",
      cxxopts::value<std::string>(),
      "DIR")("overlays-max", "Draw at most so many photographs, the first ones (0: all)",
             cxxopts::value<int64_t>()->default_value("0"), "N")(
      "start",
      "mean: the prior's mean, both ways around; net: the network of --checkpoint; given: "
      "--params, or a problem file's net; a problem file's starts also by name",
      cxxopts::value<std::string>()->default_value("mean"),
      "START")("checkpoint",
               "Run or checkpoint of the network to start from; needs --images, unless it looks at "
               "keypoints "
               "(gyre train --preset prior18)",
               cxxopts::value<std::string>(), "DIR")(
      "params",
      "Bodies to start from (.npz: pose [N,72], betas [N,10], optional transl [N,3]), one "
      "row per person of the input",
      cxxopts::value<std::string>(), "FILE")(
      "focal", "Focal length of the image, px (default: SPIN's, 5000 px in the person's crop)",
      cxxopts::value<double>(), "PX")("person", "all, largest, or a number from 0",
                                      cxxopts::value<std::string>()->default_value("all"), "WHO")(
      "sigma",
      "Errors beyond it count less and less, px of the person's 224 px crop (default: the "
      "preset's; 100 for careful annotations)",
      cxxopts::value<double>(),
      "PX")("threads", "0: all cores", cxxopts::value<int>()->default_value("0"), "N")(
      "json", "Print one JSON object with the counts");
  options.add_options("hidden")("files", "", cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"files"});
  AddFitFlags(options, WithOwnDefaults(FitOptions(), /*sequence=*/false), BulkFitFlags());
  AddSequenceOptions(options);
  AddBodyOptions(options);
  AddQuietOption(options);
  return options;
}

void CheckArguments(const cxxopts::ParseResult& args) {
  const auto given = [&](const char* name) { return args.count(name) > 0; };
  if (given("data") + given("openpose") + given("coco") + given("problems") + given("spin-npz") !=
      1) {
    throw UsageError(
        "exactly one of --data, --openpose, --coco, --problems and --spin-npz is required");
  }
  const bool images = !args["images"].as<std::string>().empty();
  if (given("data") && images) {
    throw UsageError("--data names its pictures itself, as SPEC?images=DIR; leave --images out");
  }
  if (given("overlays") && !images && !given("data")) throw UsageError("--overlays needs --images");
  if (args["overlays-max"].as<int64_t>() < 0) throw UsageError("--overlays-max must be 0 or more");
  if (given("focal")) {
    const double focal_px = args["focal"].as<double>();
    if (given("problems")) {
      throw UsageError("--problems have a camera of their own; leave --focal out");
    }
    if (!(focal_px >= 1 && focal_px <= 1e6)) {
      throw UsageError(fmt::format("--focal is {}; it must be in pixels, from 1 to 1e6", focal_px));
    }
  }
  const int threads = args["threads"].as<int>();
  if (threads < 0 || threads > 1024) {
    throw UsageError(fmt::format("--threads is {}; it must be from 0 to 1024", threads));
  }
  const std::string start = args["start"].as<std::string>();
  if (given("problems")) return;
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
  FitOptions options = WithOwnDefaults(PresetFit(args), args.count("sequence") > 0);
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

double FocalOf(const cxxopts::ParseResult& args) {
  return args.count("focal") ? args["focal"].as<double>() : 0;
}

PersonSource SourceOf(const cxxopts::ParseResult& args, const SceneSources& sources) {
  const fs::path images = args["images"].as<std::string>();
  const auto path = [&](const char* name) -> fs::path { return args[name].as<std::string>(); };
  const PersonChoice choice = PersonChoice::Parse(args["person"].as<std::string>());
  PersonSource source;
  if (args.count("sequence")) return OpenPoseFrames(path("openpose"), images, choice);
  if (args.count("data")) {
    source = DataSource(DatasetSpec(args["data"].as<std::string>()), sources);
  } else if (args.count("openpose")) {
    source = DataSource(OpenPoseSpec(path("openpose"), images), sources);
  } else if (args.count("coco")) {
    source = DataSource(CocoSpec(path("coco"), images), sources);
  } else if (args.count("spin-npz")) {
    source = DataSource(SpinSpec(path("spin-npz"), images), sources);
  } else {
    const std::string start = args["start"].as<std::string>();
    const std::string name = start == "mean" || args.count("params") ? ""
                             : start == "given"                      ? "net"
                                                                     : start;
    source = ProblemSource(path("problems"), name);
  }
  if (args.count("params"))
    source = WithStarts(std::move(source), path("params"), *sources.body->layout);
  return Choose(std::move(source), choice);
}

// Results written over what they were made from would be the end of it.
void CheckOutIsNoInput(const cxxopts::ParseResult& args, const fs::path& out) {
  for (const char* option : {"openpose", "coco", "problems", "spin-npz", "params", "body", "prior",
                             "joint-regressor-extra", "data"}) {
    if (!args.count(option)) continue;
    std::string path = args[option].as<std::string>();
    if (std::string_view(option) == "data") {
      path = path.substr(0, path.find('?'));
      path = path.substr(path.find(':') + 1);
    }
    std::error_code not_there;
    if (fs::equivalent(path, out, not_there)) {
      throw UsageError(fmt::format("--out is the file of --{}; choose another name", option));
    }
  }
}

// What is known of the input before the first fit: it is read once, so that a mistake in its last
// line is told now and not after hours.
struct Survey {
  int64_t persons = 0;
  int64_t without_size = 0;  // of the image, known or to be read
  int64_t without_picture = 0;
  std::string image_without_picture;
  std::string fingerprint;
  const KeypointSet* set = &SpinJoints();  // of everybody's keypoints
};

Survey SurveyOf(const PersonSource& source) {
  Survey survey;
  Fingerprint fingerprint;
  source([&](const FitInput& input) {
    AddTo(&fingerprint, input);
    ++survey.persons;
    const Person& person = input.person;
    survey.set = person.keypoints.set;
    if (!person.image_path.empty()) return;
    survey.without_size += person.image_width == 0;
    if (survey.without_picture++ == 0) survey.image_without_picture = person.image;
  });
  survey.fingerprint = fingerprint.Hex();
  return survey;
}

// `network`: whether the starts come from pictures.
void CheckSurvey(const Survey& survey, const cxxopts::ParseResult& args, bool network) {
  if (survey.persons == 0) {
    ThrowUserError("the input holds nobody to fit (--person {})", args["person"].as<std::string>());
  }
  if (args.count("focal") && survey.without_size == survey.persons) {
    ThrowUserError("--focal needs the size of the image; name the pictures with {}",
                   args.count("data") ? "SPEC?images=DIR" : "--images");
  }
  if (args.count("focal") && survey.without_size > 0 && !args.count("sequence")) {
    spdlog::warn("{} of {} persons are refused: --focal needs the size of their image",
                 survey.without_size, survey.persons);
  }
  const bool wanted =
      network || args.count("overlays") || !args["images"].as<std::string>().empty();
  if (!wanted || survey.without_picture == 0) return;
  if (network && survey.without_picture == survey.persons) {
    ThrowUserError("--start net: there is a picture of nobody; does --images name the pictures?");
  }
  spdlog::warn("no picture for {} of {} persons, \"{}\" for one", survey.without_picture,
               survey.persons, survey.image_without_picture);
}

FitRun RunOf(const cxxopts::ParseResult& args, const Survey& survey, const Fitter& fitter) {
  FitRun run = {{"gyre", GYRE_VERSION},
                {"persons", survey.persons},
                {"input", survey.fingerprint},
                {"start", args["start"].as<std::string>()},
                {"focal_px", FocalOf(args)},
                {"preset", args["preset"].as<std::string>()},
                {"body", FingerprintOf(fitter.body())},
                {"prior", FingerprintOf(fitter.prior())}};
  run.update(FieldsToJson(fitter.options(), "fit."));
  if (survey.set != &SpinJoints()) run["set"] = survey.set->name;
  if (args.count("sequence")) {
    run["fps"] = args["fps"].as<double>();
    run.update(FieldsToJson(SequenceOptionsOf(args), "sequence."));
  }
  if (args.count("checkpoint")) {
    const fs::path checkpoint = FindCheckpoint(args["checkpoint"].as<std::string>());
    run["network"] = FingerprintOfFile(checkpoint / "network.pt");
  }
  return run;
}

// Whether an earlier run brought this one to its end.
bool IsFinished(const fs::path& out, const FitRun& run) {
  if (!fs::exists(out)) return false;
  try {
    return DifferenceOf(ReadRun(out), run).empty();
  } catch (const UserError&) {
    return false;  // some other file: it is replaced
  }
}

// Starts the journal, or goes on with it.
void Prepare(Journal* journal, const FitRow& like, const FitRun& run, PersonRange range,
             bool restart) {
  if (journal->cut_bytes() > 0) {
    spdlog::warn(
        "{}: {} bytes after fit {} are unfinished or damaged; those persons are fitted again",
        journal->path().string(), journal->cut_bytes(), journal->size());
  }
  if (restart || journal->size() == 0) return journal->Start(run.dump());
  const FitRun was = Completed(FitRun::parse(journal->head(), nullptr, /*allow_exceptions=*/false));
  if (const std::string difference = DifferenceOf(was, run); !difference.empty()) {
    ThrowUserError(
        "{}: holds {} fits of another run: {}; give the old command to finish that run, or "
        "--restart to forget it",
        journal->path().string(), journal->size(), difference);
  }
  const FitRow last = DecodeRow(journal->Read(journal->size() - 1, 1)[0], like);
  if (last.index != range.begin + journal->size() - 1) {
    ThrowUserError("{}: does not hold person after person; delete it or give --restart",
                   journal->path().string());
  }
  spdlog::info("{}: goes on after {} fits", journal->path().string(), journal->size());
}

int RunJoin(const cxxopts::ParseResult& args, const fs::path& out) {
  if (args.count("files") == 0) {
    throw UsageError("--join needs the shards' results: --join A.npz B.npz --out ALL.npz");
  }
  for (const char* option : {"data", "openpose", "coco", "problems", "spin-npz", "images", "focal",
                             "shard", "start", "params", "checkpoint", "restart", "overlays"}) {
    if (args.count(option)) {
      throw UsageError(fmt::format("--join takes results alone; leave --{} out", option));
    }
  }
  const auto& files = args["files"].as<std::vector<std::string>>();
  JoinFits({files.begin(), files.end()}, out);
  ReportFits(out, 0, 0, args.count("json") > 0);
  return 0;
}

}  // namespace

int RunFit(int argc, char** argv) {
  cxxopts::Options options = MakeOptions();
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  const fs::path out = ResolveOut(Required(args, "out"));
  const bool as_json = args.count("json") > 0;
  CheckSequenceArguments(args);
  if (args.count("join")) {
    CheckOut(out);
    return RunJoin(args, out);
  }
  if (args.count("files")) {
    throw UsageError(fmt::format("unexpected argument '{}'; see gyre fit --help",
                                 args["files"].as<std::vector<std::string>>()[0]));
  }
  CheckArguments(args);
  const ShardChoice shard = ShardChoice::Parse(args["shard"].as<std::string>());
  const int threads = args["threads"].as<int>();
  const FitOptions fit_options = FitOptionsOf(args);
  const SequenceOptions sequence_options = SequenceOptionsOf(args);
  CheckOut(out);
  CheckOutIsNoInput(args, out);
  Journal journal(out.string() + ".partial");
  RemoveTemporaries(out);

  const std::shared_ptr<const BodyModel> body = BodyOf(args);
  const std::shared_ptr<const PosePrior> prior = PriorOf(args);
  const PersonSource source = SourceOf(args, {body, prior});
  const Survey survey = SurveyOf(source);
  const auto fitter = std::make_shared<const Fitter>(body, prior, fit_options, *survey.set);
  std::unique_ptr<NetworkStart> network;
  if (args.count("checkpoint")) {
    network = OpenNetworkStart(args["checkpoint"].as<std::string>(), body);
  }
  CheckSurvey(survey, args, network && network->needs_pictures());
  if (args.count("sequence")) CheckFrames(source);
  const PersonRange range = shard.Of(survey.persons);
  if (range.begin == range.end) {
    ThrowUserError("--shard {}: is empty, the input holds {} persons", shard.Text(),
                   survey.persons);
  }
  FitRun run = RunOf(args, survey, *fitter);
  if (shard.parts > 1) run["shard"] = shard.Text();
  const bool restart = args.count("restart") > 0;
  if (!restart && !journal.started() && !args.count("overlays") && IsFinished(out, run)) {
    spdlog::info("{}: holds these fits already; --restart makes them again", out.string());
    ReportFits(out, 0, 0, as_json);
    return 0;
  }
  const FitRow like(*body->layout, survey.set->size());
  Prepare(&journal, like, run, range, restart);
  const int64_t before = journal.size();
  const auto start = Clock::now();
  std::optional<SequenceReport> sequence;
  if (before < range.end - range.begin && args.count("sequence")) {
    const SequenceSettings settings{FocalOf(args), args["fps"].as<double>(), threads,
                                    sequence_options};
    const auto rows = FitSequence(fitter, source, settings, &sequence.emplace());
    std::vector<std::string> records;
    for (auto i = before; i < std::ssize(rows); ++i) records.push_back(EncodeRow(rows[i]));
    journal.Append(records);
  } else if (before < range.end - range.begin) {
    FitLoop loop(*fitter, network.get(), FocalOf(args), threads, range, &journal);
    if (!loop.Run(source, survey.fingerprint)) {
      spdlog::warn("stopped after {} of {} fits; the same command goes on", journal.size(),
                   range.end - range.begin);
      return kExitStopped;
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  try {
    WriteFits(journal, like, run, out);
  } catch (const UserError& error) {
    ThrowUserError("{}; the fits are safe in {}", error.what(), journal.path().string());
  }
  if (args.count("overlays")) {
    WriteOverlays(args["overlays"].as<std::string>(), args["overlays-max"].as<int64_t>(), *body,
                  journal, like);
  }
  const int64_t fitted = journal.size() - before;
  journal.Remove();
  ReportFits(out, fitted, seconds, as_json, sequence);
  return 0;
}

}  // namespace gyre
