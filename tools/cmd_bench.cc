// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/parallel.h"
#include "fitting/fitter.h"
#include "fitting/problem_file.h"
#include "metrics/errors.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {
namespace {

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return values.empty() ? std::nan("") : sum / values.size();
}

double Median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

struct Timed {
  std::vector<FitResult> results;
  double seconds = 0;
};

Timed FitTimed(const Fitter& fitter, const std::vector<FitProblem>& problems, int threads) {
  const auto began = std::chrono::steady_clock::now();
  Timed timed;
  timed.results = fitter.FitAll(problems, threads);
  timed.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return timed;
}

// Errors are over the 24 kinematic joints, millimetres: MPJPE on the pelvis, PA-MPJPE after
// Procrustes. The objective is SPIN's body objective whatever was minimised, so that presets
// compare; reprojection is the mean over observed joints, pixels of the problems' camera.
nlohmann::json Measure(const ProblemFile& file, const std::string& start, const Fitter& fitter,
                       const Fitter& yardstick, int threads) {
  const std::vector<FitProblem> problems = file.StartedFrom(start);
  const Timed one = FitTimed(fitter, problems, 1);
  const double all_seconds =
      threads == 1 ? one.seconds : FitTimed(fitter, problems, threads).seconds;
  const FoldedJoints skeleton(fitter.body(), FindKeypointSet("smpl24"));
  const VecX visible = VecX::Ones(kNumBodyJoints);

  std::vector<double> mpjpe, pa_mpjpe, reprojection, objective, iterations;
  int64_t usable = 0;
  for (size_t i = 0; i < problems.size(); ++i) {
    const FitResult& result = one.results[i];
    if (!result.summary.usable) continue;
    ++usable;
    reprojection.push_back(result.summary.score.reprojection_px);
    objective.push_back(yardstick.Evaluate(problems[i], result.params).BodyTotal());
    iterations.push_back(result.summary.torso_iterations + result.summary.body_iterations);
    if (file.truth.empty()) continue;
    const Points3 joints = skeleton.Positions(result.params);
    const Points3 truth = skeleton.Positions(file.truth[i]);
    const Roots pelvis{joints.row(0).transpose(), truth.row(0).transpose()};
    mpjpe.push_back(1e3 * PointErrors(joints, truth, visible, Alignment::kRoot, pelvis).mean());
    pa_mpjpe.push_back(1e3 * PointErrors(joints, truth, visible, Alignment::kProcrustes).mean());
  }
  const double n = static_cast<double>(problems.size());
  return {{"ms_per_fit_one_thread", 1e3 * one.seconds / n},
          {"fits_per_second_one_thread", n / one.seconds},
          {"fits_per_second_all_threads", n / all_seconds},
          {"threads", threads},
          {"pa_mpjpe_mm_mean", Mean(pa_mpjpe)},
          {"pa_mpjpe_mm_median", Median(pa_mpjpe)},
          {"mpjpe_mm_mean", Mean(mpjpe)},
          {"reprojection_px_mean", Mean(reprojection)},
          {"objective_mean", Mean(objective)},
          {"iterations_mean", Mean(iterations)},
          {"usable_share", usable / n}};
}

void PrintTable(const nlohmann::json& starts, size_t count, const std::string& preset) {
  fmt::print("{} problems, preset {}; errors over 24 joints, objective is SPIN's body objective\n",
             count, preset);
  fmt::print("{:<8}{:>9}{:>10}{:>12}{:>12}{:>11}{:>9}{:>12}{:>12}{:>9}\n", "start", "ms/fit",
             "fits/s", "fits/s all", "PA mean mm", "PA median", "MPJPE", "reproj px", "objective",
             "usable");
  for (const auto& [name, row] : starts.items()) {
    const auto number = [&row = row](const char* key) {
      return row[key].is_number() ? row[key].get<double>() : std::nan("");
    };
    fmt::print(
        "{:<8}{:>9.3f}{:>10.1f}{:>12.1f}{:>12.1f}{:>11.1f}{:>9.1f}{:>12.2f}{:>12.1f}{:>9.3f}\n",
        name, number("ms_per_fit_one_thread"), number("fits_per_second_one_thread"),
        number("fits_per_second_all_threads"), number("pa_mpjpe_mm_mean"),
        number("pa_mpjpe_mm_median"), number("mpjpe_mm_mean"), number("reprojection_px_mean"),
        number("objective_mean"), number("usable_share"));
  }
}

int RunBenchFit(int argc, char** argv) {
  cxxopts::Options options("gyre bench fit",
                           "Measure the fitter's speed and accuracy on problems with known truth.");
  options.add_options()("problems", "Problems (.npz), see fitting/problem_file.h",
                        cxxopts::value<std::string>(), "FILE")(
      "preset", "default or spin", cxxopts::value<std::string>()->default_value("default"), "NAME")(
      "threads", "Threads of the second timing (0: all cores)",
      cxxopts::value<int>()->default_value("0"), "N")("json", "Print one JSON object");
  AddBodyOptions(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  const std::string preset = args["preset"].as<std::string>();
  const int asked = args["threads"].as<int>();
  if (asked < 0) throw UsageError(fmt::format("--threads is {}; it must be 0 or more", asked));

  const ProblemFile file = ReadProblemFile(Required(args, "problems"));
  if (file.problems.empty() || file.starts.empty()) {
    ThrowUserError("{}: no problems with starts in it", args["problems"].as<std::string>());
  }
  const auto body = BodyOf(args);
  const auto prior = PriorOf(args);
  const Fitter fitter(body, prior, FitOptions::Preset(preset));
  const Fitter yardstick(body, prior, FitOptions::Spin());
  const int threads = asked > 0 ? asked : HardwareThreads();
  nlohmann::json starts;
  for (const auto& [name, bodies] : file.starts) {
    starts[name] = Measure(file, name, fitter, yardstick, threads);
  }
  if (args.count("json")) {
    const nlohmann::json result = {
        {"problems", file.problems.size()}, {"preset", preset}, {"starts", starts}};
    fmt::print("{}\n", result.dump(2));
  } else {
    PrintTable(starts, file.problems.size(), preset);
  }
  return 0;
}

}  // namespace

int RunBench(int argc, char** argv) {
  const std::vector<Subcommand> commands = {
      {"fit", "Speed and accuracy of the fitter", RunBenchFit},
  };
  return Dispatch("gyre bench", commands, argc, argv);
}

}  // namespace gyre
