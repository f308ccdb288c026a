// SPDX-License-Identifier: Apache-2.0
// gyre data: checks and shows data sets, and makes synthetic ones.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "core/error.h"
#include "datasets/check.h"
#include "datasets/dataset_spec.h"
#include "datasets/loader.h"
#include "datasets/spin_npz.h"
#include "datasets/synthetic.h"
#include "io/image.h"
#include "render/overlay.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/synth_problems.h"

namespace gyre {
namespace {

SceneSources SourcesOf(const cxxopts::ParseResult& args, const DatasetSpec& spec) {
  if (spec.kind() != "synth") return {};
  return {BodyOf(args), PriorOf(args)};
}

int RunDataCheck(int argc, char** argv) {
  CheckOptions options;
  cxxopts::Options cli("gyre data check", "Lists the rows of a data set that are wrong.");
  cli.add_options()("spec", "Data set: a file, or KIND:PATH?key=value",
                    cxxopts::value<std::string>())("no-images", "Don't read the pictures")(
      "sides", "Also list people whose left and right may be exchanged")(
      "outside", "Share of the box that a keypoint may lie outside the picture",
      cxxopts::value<double>(options.outside_share)->default_value("0.25"))(
      "json", "One JSON object on stdout");
  cli.parse_positional({"spec"});
  cli.positional_help("SPEC");
  AddBodyOptions(cli);
  AddQuietOption(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  ApplyQuiet(args);
  options.read_images = args.count("no-images") == 0;
  options.sides = args.count("sides") > 0;
  const DatasetSpec spec(Required(args, "spec"));
  const auto dataset = OpenDataset(spec.text(), SourcesOf(args, spec));
  const std::vector<RowProblem> problems = CheckDataset(*dataset, options);
  if (args.count("json")) {
    nlohmann::ordered_json wrong = nlohmann::ordered_json::array();
    for (const RowProblem& p : problems) wrong.push_back({{"row", p.row}, {"problem", p.problem}});
    const nlohmann::ordered_json report = {
        {"dataset", spec.text()}, {"samples", dataset->size()}, {"wrong", wrong}};
    fmt::print("{}\n", report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    for (const RowProblem& p : problems) fmt::print("row {}: {}\n", p.row, p.problem);
    fmt::print("{} samples, {} problems\n", dataset->size(), problems.size());
  }
  return problems.empty() && dataset->size() > 0 ? 0 : 1;
}

int RunDataSynth(int argc, char** argv) {
  SceneOptions o;
  std::string out, name, poses, problems;
  double start_sigma_rad = 0;
  int threads = 0;
  cxxopts::Options cli("gyre data synth", "Writes synthetic people as pictures and a SPIN npz.");
  const auto shown = [](auto value) { return fmt::format("{}", value); };
  cli.add_options()("out", "Folder to write", cxxopts::value<std::string>(out), "DIR")(
      "count", "People", cxxopts::value<int64_t>(o.count)->default_value(shown(o.count)))(
      "seed", "Seed", cxxopts::value<uint64_t>(o.seed)->default_value(shown(o.seed)))(
      "name", "Name of the data set and of its npz",
      cxxopts::value<std::string>(name)->default_value("synth"))(
      "frame", "Side of the pictures, px",
      cxxopts::value<int>(o.width_px)->default_value(shown(o.width_px)))(
      "spread", "Poses: share of the prior's deviations",
      cxxopts::value<double>(o.pose_spread)->default_value(shown(o.pose_spread)))(
      "poses", "Draw poses from this .npz (poses [N,72]) instead of the prior",
      cxxopts::value<std::string>(poses),
      "FILE")("seated", "Share of people seated or squatting, by rule",
              cxxopts::value<double>(o.seated_share)->default_value(shown(o.seated_share)))(
      "yaw", "Largest turn about the vertical, degrees either way; 0 faces the camera",
      cxxopts::value<double>(o.yaw_max_deg)->default_value(shown(o.yaw_max_deg)))(
      "any-turn", "Share of people turned by any angle in the picture",
      cxxopts::value<double>(o.any_turn_share)->default_value(shown(o.any_turn_share)))(
      "occluders", "Share of people with something in front",
      cxxopts::value<double>(o.occluder_probability)->default_value(shown(o.occluder_probability)))(
      "noise", "Keypoint noise, px at 224 px",
      cxxopts::value<double>(o.noise.sigma_px)->default_value(shown(o.noise.sigma_px)))(
      "missing", "Share of keypoints missing",
      cxxopts::value<double>(o.noise.missing_rate)->default_value(shown(o.noise.missing_rate)))(
      "outliers", "Share of keypoints that are far off",
      cxxopts::value<double>(o.noise.outlier_rate)->default_value(shown(o.noise.outlier_rate)))(
      "outlier-px", "How far, px at 224 px; 0: anywhere in the box",
      cxxopts::value<double>(o.noise.outlier_px)->default_value(shown(o.noise.outlier_px)))(
      "swaps", "Share of people with left and right exchanged in arms or legs",
      cxxopts::value<double>(o.noise.swap_rate)->default_value(shown(o.noise.swap_rate)))(
      "joints",
      "Joints annotated: all, any (another set for each person), body25, coco17, lsp14, ...",
      cxxopts::value<std::string>(o.noise.joints)->default_value(o.noise.joints))(
      "problems", "Also write them as fitting problems in SPIN's crop, with truth and starts",
      cxxopts::value<std::string>(problems), "FILE.npz")(
      "start-sigma-rad", "Error of the problems' starts net and turned, per axis of each rotation",
      cxxopts::value<double>(start_sigma_rad)->default_value("0.2"))(
      "no-pictures", "Write the problems alone")("threads", "Threads (0: all)",
                                                 cxxopts::value<int>(threads)->default_value("0"));
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
  o.height_px = o.width_px;
  o.poses = poses;
  o.Check();
  const auto prior = PriorOf(args);
  const SyntheticDataset dataset(BodyOf(args), prior, o, name);
  if (pictures) {
    const std::filesystem::path dir = Required(args, "out");
    WriteSpinDataset(dataset, dir, threads);
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
  return DrawSkeleton(crop, batch.keypoints[i].points_px, batch.keypoints[i].confidence,
                      SpinJoints());
}

int RunDataShow(int argc, char** argv) {
  int count = 12, crop_px = 224;
  LoaderOptions options;
  cxxopts::Options cli("gyre data show", "Draws samples with their keypoints on one sheet.");
  cli.add_options()("spec", "Data set: a file, or KIND:PATH?key=value",
                    cxxopts::value<std::string>())("out", "Picture to write",
                                                   cxxopts::value<std::string>(), "SHEET.png")(
      "count", "Samples", cxxopts::value<int>(count)->default_value("12"))(
      "crop", "Side of a crop, px", cxxopts::value<int>(crop_px)->default_value("224"))(
      "columns", "Samples in a row of the sheet", cxxopts::value<int>()->default_value("4"))(
      "seed", "Which samples", cxxopts::value<uint64_t>(options.seed)->default_value("0"))(
      "augment", "As training augments them");
  cli.parse_positional({"spec"});
  cli.positional_help("SPEC");
  AddBodyOptions(cli);
  const cxxopts::ParseResult args = ParseOptions(cli, argc, argv);
  const DatasetSpec spec(Required(args, "spec"));
  const std::string out = Required(args, "out");
  const int columns = args["columns"].as<int>();
  if (columns < 1) throw UsageError("gyre data show: --columns must be positive");
  options.batch_size = count;
  options.crop_px = crop_px;
  options.workers = 0;
  if (args.count("augment") == 0) options.augment = AugmentOptions::None();
  Loader loader(MixtureOf(OpenDataset(spec.text(), SourcesOf(args, spec))), options);
  const Batch batch = loader.Next();
  std::vector<cv::Mat> pictures;
  std::vector<std::string> captions;
  for (int i = 0; i < batch.size(); ++i) {
    pictures.push_back(DrawCrop(batch, i));
    captions.push_back(fmt::format("row {}", batch.samples[i].index));
  }
  WriteImage(out, ContactSheet(pictures, columns, captions));
  fmt::print("{} samples in {}\n", batch.size(), out);
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
