// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "fitting/fitter.h"
#include "io/image.h"
#include "io/npz.h"
#include "render/overlay.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/fit_input.h"
#include "tools/network_start.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

cxxopts::Options MakeOptions() {
  cxxopts::Options options("gyre fit", "Fit the body to 2D keypoints.");
  options.add_options("Input (one of)")(
      "openpose", "OpenPose BODY_25 JSON: a file, or a folder of NAME_keypoints.json",
      cxxopts::value<std::string>(),
      "FILE|DIR")("coco", "COCO person keypoints JSON", cxxopts::value<std::string>(), "FILE")(
      "problems", "Benchmark problems (.npz)", cxxopts::value<std::string>(), "FILE")(
      "spin-npz", "SPIN's data file (.npz)", cxxopts::value<std::string>(), "FILE");
  options.add_options()("images", "Folder of the pictures, or the one picture",
                        cxxopts::value<std::string>()->default_value(""), "DIR|FILE")(
      "out", "Result (.npz); one row per person in input order", cxxopts::value<std::string>(),
      "FILE")("overlays", "Folder for pictures of the bodies over the photographs; needs --images",
              cxxopts::value<std::string>(), "DIR")(
      "start",
      "mean: the prior's mean, both ways around; net: the network of --checkpoint; given: "
      "--params, or a problem file's net; a problem file's starts also by name",
      cxxopts::value<std::string>()->default_value("mean"),
      "START")("checkpoint", "Run or checkpoint of the network to start from; needs --images",
               cxxopts::value<std::string>(), "DIR")(
      "params",
      "Bodies to start from (.npz: pose [N,72], betas [N,10], optional transl [N,3]), one "
      "row per person of the input",
      cxxopts::value<std::string>(), "FILE")(
      "focal", "Focal length of the image, px (default: SPIN's, 5000 px in the person's crop)",
      cxxopts::value<double>(), "PX")("person", "all, largest, or a number from 0",
                                      cxxopts::value<std::string>()->default_value("all"), "WHO")(
      "min-joints", "People with fewer observed joints are refused",
      cxxopts::value<int>()->default_value("8"),
      "N")("preset", "default or spin", cxxopts::value<std::string>()->default_value("default"),
           "NAME")("threads", "0: all cores", cxxopts::value<int>()->default_value("0"), "N")(
      "json", "Print one JSON object with the counts");
  AddBodyOptions(options);
  AddQuietOption(options);
  return options;
}

std::vector<FitInput> ReadInputs(const cxxopts::ParseResult& args) {
  const auto given = [&](const char* name) { return args.count(name) > 0; };
  if (given("openpose") + given("coco") + given("problems") + given("spin-npz") != 1) {
    throw UsageError("exactly one of --openpose, --coco, --problems and --spin-npz is required");
  }
  FitInputOptions options;
  options.images = args["images"].as<std::string>();
  if (given("focal")) {
    options.focal_px = args["focal"].as<double>();
    if (!(options.focal_px >= 1 && options.focal_px <= 1e6)) {
      throw UsageError(
          fmt::format("--focal is {}; it must be in pixels, from 1 to 1e6", options.focal_px));
    }
  }
  const std::string start = args["start"].as<std::string>();
  if (given("problems")) {
    const std::string name = start == "mean" || given("params") ? ""
                             : start == "given"                 ? "net"
                                                                : start;
    return ReadProblemInputs(args["problems"].as<std::string>(), name);
  }
  if (start != "mean" && start != "given" && start != "net") {
    throw UsageError(fmt::format("--start is '{}'; it must be mean, net or given", start));
  }
  if ((start == "net") != given("checkpoint")) {
    throw UsageError("--start net and --checkpoint belong together");
  }
  if ((start == "given") != given("params")) {
    throw UsageError("--start given and --params belong together");
  }
  if (given("openpose")) return ReadOpenPoseInputs(args["openpose"].as<std::string>(), options);
  if (given("coco")) return ReadCocoInputs(args["coco"].as<std::string>(), options);
  return ReadSpinInputs(args["spin-npz"].as<std::string>(), options);
}

void SetStarts(const fs::path& path, std::vector<FitInput>* inputs) {
  const Npz npz = ReadNpz(path);
  const int64_t n = static_cast<int64_t>(inputs->size());
  const auto read = [&](const char* key, int64_t columns) {
    const NdArray& array = Get(npz, key, path);
    const std::string what = fmt::format("{}, key {}", path.string(), key);
    array.CheckShape({n, columns}, what);
    return array.As<double>(what);
  };
  const auto pose = read("pose", kNumPoseParams);
  const auto betas = read("betas", kNumShapeParams);
  const bool has_translation = npz.count("transl") > 0;
  const auto transl = has_translation ? read("transl", 3) : std::vector<double>(3 * n);
  for (int64_t i = 0; i < n; ++i) {
    FitProblem& problem = (*inputs)[i].problem;
    problem.start.pose = Eigen::Map<const VecX>(&pose[i * kNumPoseParams], kNumPoseParams);
    problem.start.betas = Eigen::Map<const VecX>(&betas[i * kNumShapeParams], kNumShapeParams);
    problem.start.transl = Eigen::Map<const Vec3>(&transl[3 * i]);
    problem.has_start = true;
    problem.start_has_translation = has_translation;
  }
}

void WarnOfMissingPictures(const std::string& images, const std::vector<FitInput>& inputs) {
  if (images.empty()) return;
  const auto missing = std::count_if(inputs.begin(), inputs.end(),
                                     [](const FitInput& i) { return i.image_path.empty(); });
  if (missing > 0) {
    spdlog::warn("{}: no picture for {} of {} persons, \"{}\" for one", images, missing,
                 inputs.size(), std::find_if(inputs.begin(), inputs.end(), [](const FitInput& i) {
                                  return i.image_path.empty();
                                })->image);
  }
}

std::vector<FitResult> FitInputs(const Fitter& fitter, const std::vector<FitInput>& inputs,
                                 int threads) {
  constexpr size_t kChunk = 64;
  Progress progress("fitting", "persons", static_cast<int64_t>(inputs.size()));
  std::vector<FitResult> results;
  for (size_t begin = 0; begin < inputs.size(); begin += kChunk) {
    std::vector<FitProblem> problems;
    for (size_t i = begin; i < std::min(begin + kChunk, inputs.size()); ++i) {
      problems.push_back(inputs[i].problem);
    }
    for (FitResult& result : fitter.FitAll(problems, threads)) results.push_back(std::move(result));
    progress.Advance(static_cast<int64_t>(problems.size()));
  }
  return results;
}

// Rows of persons that could not be fitted hold NaN; `reason` says why.
void WriteResults(const fs::path& path, const std::vector<FitInput>& inputs,
                  const std::vector<FitResult>& results) {
  const int64_t n = static_cast<int64_t>(inputs.size());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  RowMatX pose = RowMatX::Constant(n, kNumPoseParams, nan);
  RowMatX betas = RowMatX::Constant(n, kNumShapeParams, nan);
  RowMatX transl = RowMatX::Constant(n, 3, nan), center(n, 2), errors(n, kNumSpinJoints);
  std::vector<double> focal(n), reprojection(n, nan), score(n, nan);
  std::vector<uint8_t> usable(n);
  std::vector<int64_t> person(n), id(n);
  std::vector<std::string> reason(n), source(n), image(n);
  for (int64_t i = 0; i < n; ++i) {
    const FitInput& input = inputs[i];
    const FitSummary& summary = results[i].summary;
    focal[i] = input.problem.camera.focal_px;
    center.row(i) = input.problem.camera.center_px;
    errors.row(i) = summary.per_joint_error_px;
    usable[i] = summary.usable;
    reason[i] = FitReasonName(summary.reason);
    source[i] = input.source_file;
    image[i] = input.image;
    person[i] = input.person;
    id[i] = input.id;
    if (!summary.usable) continue;
    pose.row(i) = results[i].params.pose;
    betas.row(i) = results[i].params.betas;
    transl.row(i) = results[i].params.transl;
    reprojection[i] = summary.score.reprojection_px;
    score[i] = summary.score.score_px2;
  }
  Npz npz;
  npz["pose"] = NdArray::FromMatrix(pose);
  npz["betas"] = NdArray::FromMatrix(betas);
  npz["transl"] = NdArray::FromMatrix(transl);
  npz["focal_px"] = NdArray::From<double>({n}, focal);
  npz["center_px"] = NdArray::FromMatrix(center);
  npz["reprojection_px"] = NdArray::From<double>({n}, reprojection);
  npz["score_px2"] = NdArray::From<double>({n}, score);
  npz["joint_error_px"] = NdArray::FromMatrix(errors);
  npz["usable"] = NdArray::From<uint8_t>({n}, usable);
  npz["usable"].dtype = DType::kBool;
  npz["reason"] = NdArray::FromStrings(reason);
  npz["source_file"] = NdArray::FromStrings(source);
  npz["image"] = NdArray::FromStrings(image);
  npz["person"] = NdArray::From<int64_t>({n}, person);
  npz["id"] = NdArray::From<int64_t>({n}, id);
  WriteNpz(path, npz);
}

// One picture per photograph with every usable body, the farthest first.
void WriteOverlays(const fs::path& folder, const Fitter& fitter,
                   const std::vector<FitInput>& inputs, const std::vector<FitResult>& results) {
  std::map<fs::path, std::vector<size_t>> by_image;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].image_path.empty() && results[i].summary.usable) {
      by_image[inputs[i].image_path].push_back(i);
    }
  }
  MakeFolder(folder);
  Progress progress("drawing", "pictures", static_cast<int64_t>(by_image.size()));
  for (auto& [path, persons] : by_image) {
    // By size, not by depth: persons may be seen by cameras of their own.
    std::sort(persons.begin(), persons.end(),
              [&](size_t a, size_t b) { return inputs[a].box_side_px < inputs[b].box_side_px; });
    cv::Mat picture = ReadImage(path);
    for (size_t i : persons) {
      const PosedBody posed = PoseBody(fitter.body(), results[i].params);
      picture =
          DrawBodyOverlay(picture, posed.vertices, fitter.body().faces, inputs[i].problem.camera);
    }
    WriteImage(folder / (path.stem().string() + ".png"), picture);
    progress.Advance();
  }
}

void Report(const std::vector<FitResult>& results, const std::string& out, bool as_json) {
  std::map<std::string, int64_t> reasons;
  std::vector<double> reprojection;
  for (const FitResult& result : results) {
    if (result.summary.usable) {
      reprojection.push_back(result.summary.score.reprojection_px);
    } else {
      ++reasons[FitReasonName(result.summary.reason)];
    }
  }
  const double mean = reprojection.empty()
                          ? std::numeric_limits<double>::quiet_NaN()
                          : std::accumulate(reprojection.begin(), reprojection.end(), 0.0) /
                                static_cast<double>(reprojection.size());
  if (as_json) {
    const nlohmann::json json = {{"out", out},
                                 {"persons", results.size()},
                                 {"usable", reprojection.size()},
                                 {"refused", reasons},
                                 {"reprojection_px_mean", mean}};
    fmt::print("{}\n", json.dump(2));
    return;
  }
  fmt::print("{}: {} persons, {} fitted", out, results.size(), reprojection.size());
  fmt::print("{}\n",
             reprojection.empty() ? "" : fmt::format(", mean reprojection {:.2f} px", mean));
  for (const auto& [reason, count] : reasons) fmt::print("  {} refused: {}\n", count, reason);
}

}  // namespace

int RunFit(int argc, char** argv) {
  cxxopts::Options options = MakeOptions();
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  const std::string out = Required(args, "out");
  const PersonChoice choice = PersonChoice::Parse(args["person"].as<std::string>());
  const int threads = args["threads"].as<int>();
  if (threads < 0) throw UsageError(fmt::format("--threads is {}; it must be 0 or more", threads));
  if (args.count("overlays") && args["images"].as<std::string>().empty()) {
    throw UsageError("--overlays needs --images");
  }
  const fs::path folder = fs::absolute(out).parent_path();
  if (!fs::is_directory(folder)) {
    ThrowUserError("--out {}: the folder {} is not there; create it first", out, folder.string());
  }
  FitOptions fit_options = FitOptions::Preset(args["preset"].as<std::string>());
  fit_options.min_observed_joints = args["min-joints"].as<int>();
  fit_options.Check();

  std::vector<FitInput> inputs = ReadInputs(args);
  if (args.count("params")) SetStarts(args["params"].as<std::string>(), &inputs);
  inputs = Choose(std::move(inputs), choice);
  if (inputs.empty()) {
    ThrowUserError("the input holds nobody to fit (--person {})", args["person"].as<std::string>());
  }
  WarnOfMissingPictures(args["images"].as<std::string>(), inputs);

  const std::shared_ptr<const BodyModel> body = BodyOf(args);
  if (args.count("checkpoint")) {
    const int64_t started = StartFromNetwork(args["checkpoint"].as<std::string>(), *body, &inputs);
    if (started == 0) ThrowUserError("the network saw nobody; does --images name the pictures?");
  }
  const Fitter fitter(body, PriorOf(args), fit_options);
  const std::vector<FitResult> results = FitInputs(fitter, inputs, threads);
  WriteResults(out, inputs, results);
  if (args.count("overlays")) {
    WriteOverlays(args["overlays"].as<std::string>(), fitter, inputs, results);
  }
  Report(results, out, args.count("json") > 0);
  return 0;
}

}  // namespace gyre
