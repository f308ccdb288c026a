// SPDX-License-Identifier: Apache-2.0
// gyre data: checks and shows data sets, and makes synthetic ones.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "core/counted.h"
#include "core/error.h"
#include "datasets/check.h"
#include "datasets/dataset_spec.h"
#include "datasets/decorators/loader.h"
#include "datasets/readers/spin_npz.h"
#include "datasets/scenes/synthetic.h"
#include "io/image.h"
#include "render/overlay.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/option_flags.h"
#include "tools/synth_problems.h"

namespace gyre {
namespace {

SceneSources SourcesOf(const cxxopts::ParseResult& args, const DatasetSpec& spec) {
  if (spec.kind() != "synth") return {};
  return {BodyOf(args), PriorOf(args)};
}

int RunDataCheck(int argc, char** argv) {
  CheckOptions options;
  const FlagNames flags = {.without = {"sides"}, .short_names = {{"outside_share", "outside"}}};
  cxxopts::Options cli("gyre data check", "Lists the rows of a data set that are wrong.");
  cli.add_options()("spec", "Data set: a file, or KIND:PATH?key=value",
                    cxxopts::value<std::string>())("no-images", "Don't read the pictures")(
      "sides", "Also list people whose left and right may be exchanged")(
      "json", "One JSON object on stdout");
  AddFlags(cli, "Check", options, flags);
  cli.parse_positional({"spec"});
  cli.positional_help("SPEC");
  AddBodyOptions(cli);
  AddQuietOption(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  options.read_images = args.count("no-images") == 0;
  ApplyFlags(args, &options, flags);
  options.sides = args.count("sides") > 0;
  const DatasetSpec spec(Required(args, "spec"));
  std::vector<RowProblem> problems;
  const auto dataset =
      OpenDataset(spec.text(), SourcesOf(args, spec), [&](const LeftOut& left_out) {
        if (left_out.wrong) problems.push_back({left_out.row, left_out.problem});
      });
  std::ranges::move(CheckDataset(*dataset, options), std::back_inserter(problems));
  if (dataset->size() == 0 && problems.empty()) {
    problems.push_back({-1,
                        "it holds nobody; persons of whom too few keypoints are observed are left "
                        "out (min_keypoints=)"});
  }
  if (args.count("json")) {
    nlohmann::ordered_json wrong = nlohmann::ordered_json::array();
    for (const RowProblem& p : problems) wrong.push_back({{"row", p.row}, {"problem", p.problem}});
    const nlohmann::ordered_json report = {
        {"dataset", spec.text()}, {"samples", dataset->size()}, {"wrong", wrong}};
    fmt::print("{}\n", report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    for (const RowProblem& p : problems) {
      fmt::print("{}{}\n", p.row < 0 ? "" : fmt::format("row {}: ", p.row), p.problem);
    }
    fmt::print("{}, {}\n", Counted(dataset->size(), "samples"),
               Counted(std::ssize(problems), "problems"));
  }
  return problems.empty() ? 0 : 1;
}

int RunDataSynth(int argc, char** argv) {
  SceneOptions o;
  std::string out, name, problems;
  double start_sigma_rad = 0;
  int threads = 0, frame_px = o.width_px;
  cxxopts::Options cli("gyre data synth", "Writes synthetic people as pictures and a SPIN npz.");
  cli.set_width(100);
  cli.add_options()("out", "Folder to write", cxxopts::value<std::string>(out), "DIR")(
      "name", "Name of the data set and of its npz",
      cxxopts::value<std::string>(name)->default_value("synth"))(
      "frame", "Side of the pictures, px: --width and --height",
      cxxopts::value<int>(frame_px)->default_value(OptionToText(frame_px)))(
      "problems", "Also write them as fitting problems in SPIN's crop, with truth and starts",
      cxxopts::value<std::string>(problems), "FILE.npz")(
      "start-sigma-rad", "Error of the problems' starts net and turned, per axis of each rotation",
      cxxopts::value<double>(start_sigma_rad)->default_value("0.2"))(
      "no-pictures", "Write the problems alone")("threads", "Threads (0: all)",
                                                 cxxopts::value<int>(threads)->default_value("0"));
  AddFlags(cli, "People", o);
  AddBodyOptions(cli);
  AddQuietOption(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  const bool pictures = args.count("no-pictures") == 0;
  if (!pictures && problems.empty()) {
    throw UsageError("gyre data synth: --no-pictures leaves nothing to write without --problems");
  }
  if (name.empty() || name.find('/') != std::string::npos) {
    throw UsageError(fmt::format("--name is '{}'; it must be a name, not a path", name));
  }
  if (threads < 0) throw UsageError(fmt::format("--threads is {}; it must be 0 or more", threads));
  if (!(start_sigma_rad >= 0 && start_sigma_rad <= 3)) {
    throw UsageError(fmt::format("--start-sigma-rad {}: expected 0 to 3 radians", start_sigma_rad));
  }
  o.width_px = o.height_px = frame_px;
  ApplyFlags(args, &o);
  o.Check();
  const auto prior = PriorOf(args);
  const auto body = BodyOf(args);
  const SyntheticDataset dataset(body, prior, o, name);
  if (pictures) {
    const std::filesystem::path dir = Required(args, "out");
    WriteSpinDataset(dataset, dir, threads, body.get());
    fmt::print("{} people in {}: spin:{}\n", o.count, dir.string(),
               (dir / (name + ".npz")).string());
  }
  if (!problems.empty()) {
    WriteProblemFile(MakeSynthProblems(dataset, *prior, start_sigma_rad), problems);
    fmt::print("{} problems in {}\n", o.count, problems);
  }
  return 0;
}

// The crop of one sample with its keypoints.
cv::Mat DrawCrop(const Batch& batch, int i) {
  const size_t bytes = size_t{3} * batch.crop_px * batch.crop_px;
  const cv::Mat crop(batch.crop_px, batch.crop_px, CV_8UC3,
                     const_cast<uint8_t*>(&batch.pixels[bytes * i]));
  return DrawSkeleton(crop, batch.keypoints[i].px, batch.keypoints[i].confidence,
                      *batch.keypoints[i].set);
}

int RunDataShow(int argc, char** argv) {
  LoaderOptions options;
  options.workers = 0;
  const FlagNames flags = {.without = {"batch_size"}, .short_names = {{"crop_px", "crop"}}};
  cxxopts::Options cli("gyre data show", "Draws samples with their keypoints on one sheet.");
  cli.set_width(100);
  cli.add_options()("spec", "Data set: a file, or KIND:PATH?key=value",
                    cxxopts::value<std::string>())("out", "Picture to write",
                                                   cxxopts::value<std::string>(), "SHEET.png")(
      "count", "Samples", cxxopts::value<int>(options.batch_size)->default_value("12"))(
      "columns", "Samples in a row of the sheet", cxxopts::value<int>()->default_value("4"))(
      "augment", "As training augments them");
  AddFlags(cli, "Crops", options, flags);
  cli.parse_positional({"spec"});
  cli.positional_help("SPEC");
  AddBodyOptions(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const DatasetSpec spec(Required(args, "spec"));
  const std::string out = Required(args, "out");
  const int columns = args["columns"].as<int>();
  if (columns < 1) throw UsageError("gyre data show: --columns must be positive");
  if (args.count("augment") == 0) options.augment = AugmentOptions::None();
  ApplyFlags(args, &options, flags);
  if (options.picture == LoaderPicture::kNone) {
    throw UsageError("gyre data show: --picture none leaves nothing to show");
  }
  Loader loader(MixtureOf(OpenDataset(spec.text(), SourcesOf(args, spec))), options);
  const Batch batch = loader.Next();
  std::vector<cv::Mat> pictures;
  std::vector<std::string> captions;
  for (int i = 0; i < batch.size(); ++i) {
    pictures.push_back(DrawCrop(batch, i));
    captions.push_back(fmt::format("row {}", batch.samples[i].index));
  }
  WriteImage(out, ContactSheet(pictures, columns, captions));
  fmt::print("{} in {}\n", Counted(batch.size(), "samples"), out);
  return 0;
}

}  // namespace

int RunData(int argc, char** argv) {
  static const Subcommand kCommands[] = {
      {"check", "List the rows of a data set that are wrong", RunDataCheck},
      {"show", "Draw samples with their keypoints", RunDataShow},
      {"synth", "Write synthetic people with their truth", RunDataSynth},
  };
  return Dispatch("gyre data", kCommands, argc, argv);
}

}  // namespace gyre
