// SPDX-License-Identifier: Apache-2.0
// gyre bench fit: the fitter's speed and accuracy on problems with known truth.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/parallel.h"
#include "fitting/backends/dense_kernels.h"
#include "fitting/backends/smpl_sizes.h"
#include "fitting/fitter.h"
#include "fitting/problem_file.h"
#include "io/npz.h"
#include "io/option_json.h"
#include "loop/training/predictor.h"
#include "metrics/errors.h"
#include "metrics/meter.h"
#include "person/crops.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/cli.h"
#include "tools/fit_flags.h"

namespace gyre {
namespace {

// Its objective at SPIN's own results, problem by problem: the first of the terms of each row.
std::vector<double> ReadPeerObjective(const std::filesystem::path& path, size_t count) {
  const Npz npz = ReadNpz(path);
  const NdArray& terms = Get(npz, "terms_spin_result", path);
  const std::string what = path.string() + ", key terms_spin_result";
  terms.CheckShape({static_cast<int64_t>(count), -1}, what);
  const std::vector<double> values = terms.As<double>(what);
  std::vector<double> objective;
  for (size_t i = 0; i < count; ++i) objective.push_back(values[i * terms.dim(1)]);
  return objective;
}

// What a network of keypoints makes of the problems.
std::vector<BodyParams> StartsOf(const std::string& checkpoint,
                                 const std::shared_ptr<const BodyModel>& body,
                                 const std::vector<FitProblem>& problems) {
  InitRuntime(1);
  const c10::Device device = DeviceFromName("cpu");
  TrainedNetwork trained = LoadKeypointNetwork(checkpoint, body, device);
  std::vector<Person> samples(problems.size());
  for (size_t i = 0; i < problems.size(); ++i) {
    const auto box =
        BoxAroundPoints(problems[i].keypoints_px, problems[i].confidence, kBoxMargin);
    if (!box) ThrowUserError("problem {}: fewer than two keypoints", i);
    samples[i].box = *box;
    samples[i].camera = problems[i].camera;
    samples[i].keypoints.px = problems[i].keypoints_px;
    samples[i].keypoints.confidence = problems[i].confidence;
  }
  return PredictFromKeypoints(trained, samples);
}

const FlagNames& FitBenchFlags() {
  static const FlagNames names = {
      .prefix = "fit.", .short_names = {{"hypotheses", "hypotheses"}, {"backend", "backend"}}};
  return names;
}

struct Settings {
  FitOptions fit;
  int threads = 0;
  int runs = 0;
  std::optional<std::vector<double>> peer_objective;
};

// The problems as they stand, of which nothing is known but keypoints.
const std::string kNoStart = "none";

// Median seconds of `runs` runs; the results of the last.
double MedianSeconds(const Fitter& fitter, const std::vector<FitProblem>& problems, int threads,
                     int runs, std::vector<FitResult>* results) {
  Meter seconds;
  for (int run = 0; run < runs; ++run) {
    const auto began = std::chrono::steady_clock::now();
    *results = fitter.FitAll(problems, threads);
    seconds.Add(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  return seconds.Median();
}

// Errors are over the 24 kinematic joints, millimetres: MPJPE on the pelvis, PA-MPJPE after
// Procrustes. The objective is SPIN's body objective whatever was minimised, so that presets
// compare; reprojection is the mean over observed joints, pixels of the problems' camera.
nlohmann::json Measure(const ProblemFile& file, const std::string& start, const Fitter& fitter,
                       const Fitter& yardstick, const Settings& settings) {
  const bool cold = start == kNoStart;
  const std::vector<FitProblem> problems = cold ? file.problems : file.StartedFrom(start);
  std::vector<FitResult> results;
  const double all_seconds =
      MedianSeconds(fitter, problems, settings.threads, settings.runs, &results);
  const double one_seconds = settings.threads == 1
                                 ? all_seconds
                                 : MedianSeconds(fitter, problems, 1, settings.runs, &results);
  const FoldedJoints skeleton(fitter.body(), FindKeypointSet("smpl24"));
  const VecX visible = VecX::Ones(skeleton.size());

  std::map<std::string, Meter> values;
  int64_t usable = 0, worse = 0, at_or_below_peer = 0, runner_ups = 0;
  int64_t depths = 0, within_68 = 0, within_95 = 0;
  for (size_t i = 0; i < problems.size(); ++i) {
    const FitResult& result = results[i];
    if (!result.summary.usable) continue;
    ++usable;
    runner_ups += result.runner_up.has_value();
    worse += result.summary.after.BodyTotal() > result.summary.before.BodyTotal();
    const double objective = yardstick.Evaluate(problems[i], result.params).BodyTotal();
    if (settings.peer_objective) at_or_below_peer += objective <= (*settings.peer_objective)[i];
    values["objective"].Add(objective);
    values["reprojection_px"].Add(result.summary.score.reprojection_px);
    values["iterations"].Add(result.summary.torso_iterations + result.summary.body_iterations);
    if (file.truth.empty()) continue;
    const Points3 joints = skeleton.Positions(result.params);
    const Points3 truth = skeleton.Positions(file.truth[i]);
    if (!cold) {
      values["start_pa_mpjpe_mm"].Add(1e3 * PointErrors(skeleton.Positions(problems[i].start),
                                                        truth, visible, Alignment::kProcrustes)
                                                .mean());
    }
    const Roots pelvis{joints.row(0).transpose(), truth.row(0).transpose()};
    values["mpjpe_mm"].Add(1e3 *
                           PointErrors(joints, truth, visible, Alignment::kRoot, pelvis).mean());
    values["pa_mpjpe_mm"].Add(1e3 *
                              PointErrors(joints, truth, visible, Alignment::kProcrustes).mean());
    for (int k = 1; result.uncertainty && k < skeleton.size(); ++k) {
      const double error = (joints(k, 2) - joints(0, 2)) - (truth(k, 2) - truth(0, 2));
      const double z = std::abs(error) / result.uncertainty->depth_sd_m[k];
      ++depths;
      within_68 += z < 0.9945;  // of a normal distribution, 68 % are
      within_95 += z < 1.96;
    }
  }
  const double n = static_cast<double>(problems.size());
  nlohmann::json json = {{"ms_per_fit_one_thread", 1e3 * one_seconds / n},
                         {"fits_per_second_one_thread", n / one_seconds},
                         {"fits_per_second_all_threads", n / all_seconds},
                         {"threads", settings.threads},
                         {"usable_share", static_cast<double>(usable) / n},
                         {"worse_than_start", worse},
                         {"runner_up_share", static_cast<double>(runner_ups) / n}};
  for (const auto& [name, meter] : values) {
    json[name + "_mean"] = meter.Mean();
    json[name + "_median"] = meter.Median();
    json[name + "_p10"] = meter.Percentile(10);
    json[name + "_p90"] = meter.Percentile(90);
  }
  if (settings.peer_objective) json["at_or_below_spins_objective_share"] = at_or_below_peer / n;
  if (depths > 0) {
    json["depth_within_68_share"] = static_cast<double>(within_68) / static_cast<double>(depths);
    json["depth_within_95_share"] = static_cast<double>(within_95) / static_cast<double>(depths);
  }
  return json;
}

void PrintTable(const nlohmann::json& starts) {
  struct Column {
    const char *title, *key;
    int digits;
  };
  const std::vector<Column> columns = {{"ms/fit", "ms_per_fit_one_thread", 3},
                                       {"fits/s", "fits_per_second_one_thread", 0},
                                       {"fits/s all", "fits_per_second_all_threads", 0},
                                       {"PA start", "start_pa_mpjpe_mm_mean", 1},
                                       {"PA mean", "pa_mpjpe_mm_mean", 1},
                                       {"PA med.", "pa_mpjpe_mm_median", 1},
                                       {"MPJPE", "mpjpe_mm_mean", 1},
                                       {"reproj px", "reprojection_px_mean", 2},
                                       {"objective", "objective_mean", 1},
                                       {"iterations", "iterations_mean", 1},
                                       {"usable", "usable_share", 3},
                                       {"<= SPIN", "at_or_below_spins_objective_share", 3},
                                       {"in 68 %", "depth_within_68_share", 3},
                                       {"in 95 %", "depth_within_95_share", 3}};
  const auto shown = [&](const Column& column) {
    return std::any_of(starts.begin(), starts.end(),
                       [&](const nlohmann::json& row) { return row.contains(column.key); });
  };
  fmt::print("{:<8}", "start");
  for (const Column& column : columns) {
    if (shown(column)) fmt::print("{:>11}", column.title);
  }
  fmt::print("\n");
  for (const auto& [name, row] : starts.items()) {
    fmt::print("{:<8}", name);
    for (const Column& column : columns) {
      if (!shown(column)) continue;
      const auto it = row.find(column.key);
      fmt::print("{:>11.{}f}", it == row.end() ? std::nan("") : it->get<double>(), column.digits);
    }
    fmt::print("\n");
  }
}

cxxopts::Options MakeBenchOptions() {
  cxxopts::Options options("gyre bench fit",
                           "Measure the fitter's speed and accuracy on problems with known truth.");
  options.set_width(100);
  options.add_options()("problems", "Problems (.npz), see fitting/problem_file.h",
                        cxxopts::value<std::string>(), "FILE")(
      "start", "Only this start of the file; none: from keypoints alone", cxxopts::value<std::string>(), "NAME")(
      "checkpoint", "Also start where this network of keypoints says (gyre train --preset prior18)",
      cxxopts::value<std::string>(),
      "DIR")("start-sigma", "Preset anchored: error of a start's rotations, radians per axis",
             cxxopts::value<double>(),
             "RAD")("uncertainty", "Estimate standard deviations and show how often they hold")(
      "peer-objective", "SPIN's own results on the same problems (spin_objective.npz)",
      cxxopts::value<std::string>(),
      "FILE")("threads", "Threads of the second timing (0: all cores)",
              cxxopts::value<int>()->default_value("0"),
              "N")("runs", "Times are medians of so many runs",
                   cxxopts::value<int>()->default_value("5"), "N")("json", "Print one JSON object");
  AddFitFlags(options, FitOptions(), FitBenchFlags());
  AddBodyOptions(options);
  return options;
}

Settings SettingsOf(const cxxopts::ParseResult& args, size_t count) {
  Settings settings;
  settings.fit = PresetFit(args);
  settings.fit.estimate_uncertainty = args.count("uncertainty") > 0;
  ApplyFlags(args, &settings.fit, FitBenchFlags());
  if (args.count("start-sigma")) {
    const double sigma = args["start-sigma"].as<double>();
    if (!(sigma > 0)) throw UsageError(fmt::format("--start-sigma is {}; it must be > 0", sigma));
    settings.fit.start_anchor = settings.fit.AnchorOf(sigma);
  }
  settings.threads = args["threads"].as<int>();
  settings.runs = args["runs"].as<int>();
  if (settings.threads < 0) {
    throw UsageError(fmt::format("--threads is {}; it must be 0 or more", settings.threads));
  }
  if (settings.runs < 1) {
    throw UsageError(fmt::format("--runs is {}; it must be 1 or more", settings.runs));
  }
  if (settings.threads == 0) settings.threads = HardwareThreads();
  if (args.count("peer-objective")) {
    settings.peer_objective = ReadPeerObjective(args["peer-objective"].as<std::string>(), count);
  }
  return settings;
}

}  // namespace

int RunBenchFit(int argc, char** argv) {
  cxxopts::Options options = MakeBenchOptions();
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ProblemFile file = ReadProblemFile(Required(args, "problems"));
  if (file.problems.empty()) {
    ThrowUserError("{}: no problems in it", args["problems"].as<std::string>());
  }
  const Settings settings = SettingsOf(args, file.problems.size());
  const auto body = BodyOf(args);
  const auto prior = PriorOf(args);
  const Fitter fitter(body, prior, settings.fit);
  if (args.count("checkpoint")) {
    file.starts["network"] = StartsOf(args["checkpoint"].as<std::string>(), body, file.problems);
  }
  const Fitter yardstick(body, prior, FitOptions::Spin());
  nlohmann::json starts;
  std::vector<std::string> names = {kNoStart};
  for (const auto& [name, bodies] : file.starts) names.push_back(name);
  for (const std::string& name : names) {
    if (args.count("start") && name != args["start"].as<std::string>()) continue;
    starts[name] = Measure(file, name, fitter, yardstick, settings);
  }
  if (starts.empty()) file.StartedFrom(args["start"].as<std::string>());  // throws, naming them
  const nlohmann::json result = {{"problems", file.problems.size()},
                                 {"preset", args["preset"].as<std::string>()},
                                 {"backend", EnumName(settings.fit.backend)},
                                 {"hypotheses", EnumName(settings.fit.hypotheses)},
                                 {"options", FieldsToJson(settings.fit, "fit.")},
                                 {"kernels", BestKernels<SmplSizes::kParams>().name},
                                 {"runs", settings.runs},
                                 {"starts", starts}};
  if (args.count("json")) {
    fmt::print("{}\n", result.dump(2));
    return 0;
  }
  fmt::print(
      "{} problems, preset {}, backend {}, hypotheses {}; errors in mm over 24 joints; the "
      "objective is SPIN's\n",
      file.problems.size(), result["preset"].get<std::string>(),
      result["backend"].get<std::string>(), result["hypotheses"].get<std::string>());
  PrintTable(starts);
  return 0;
}

}  // namespace gyre
