// SPDX-License-Identifier: Apache-2.0
// gyre bench ik: how fast rotations are found from joints, how near these come to their targets,
// and what that costs the rotations.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "body/ik/ik_cases.h"
#include "core/error.h"
#include "regressor/layers/ik_layer.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/bench_measure.h"
#include "tools/cli.h"

namespace gyre {
namespace {

// What is compared: name and options.
std::vector<std::pair<std::string, IkOptions>> Methods() {
  std::vector<std::pair<std::string, IkOptions>> methods;
  for (const auto& [method, name] : EnumNames<IkMethod>::kAll) {
    IkOptions options = method == IkMethod::kIkol ? IkOptions::Ikol() : IkOptions();
    options.method = method;
    options.branches = IkBranches::kMain;  // the twists are known
    methods.emplace_back(name, options);
  }
  return methods;
}

// Each kind's mean distance to the targets in mm and mean Frobenius error of the rotations.
struct Quality {
  nlohmann::ordered_json error_mm, rotation_error, steps;
};
Quality QualityOf(const InverseKinematics& ik, int samples) {
  Quality quality;
  for (const auto& [kind, name] : EnumNames<IkCaseKind>::kAll) {
    Rng rng(1, RngStream::kTest);
    double error = 0, rotation = 0, steps = 0;
    for (int i = 0; i < samples; ++i) {
      const IkCase made = MakeIkCase(ik.tree(), kind, IkCaseOptions(), rng);
      IkSolution solution;
      ik.Solve(made.problem, ik.plan(), /*training=*/false, &solution);
      error += 1000 * solution.error / samples;
      rotation += RotationError(ik.plan(), solution, made.truth) / samples;
      steps += static_cast<double>(solution.steps) / samples;
    }
    quality.error_mm[name] = error;
    quality.rotation_error[name] = rotation;
    quality.steps[name] = steps;
  }
  return quality;
}

// A batch of all kinds in turn, as the layer takes it.
IkInput MakeInput(const IkLayer& layer, int samples) {
  const IkTree& tree = layer->ik().tree();
  Rng rng(2, RngStream::kTest);
  IkInput input{at::empty({samples, tree.size(), 3}, at::kDouble),
                at::zeros({samples, tree.dirs.cols()}, at::kDouble),
                at::empty({samples, tree.size(), 2}, at::kDouble),
                {}};
  constexpr IkCaseKind kKinds[] = {IkCaseKind::kExact, IkCaseKind::kOtherShape, IkCaseKind::kNoise};
  for (int i = 0; i < samples; ++i) {
    const IkCase made = MakeIkCase(tree, kKinds[i % 3], IkCaseOptions(), rng);
    Eigen::Map<Points3>(input.joints.data_ptr<double>() + 3 * i * tree.size(), tree.size(), 3) =
        made.problem.target;
    for (int k = 0; k < tree.size(); ++k) {
      double* const pair = input.twist.data_ptr<double>() + 2 * (i * tree.size() + k);
      pair[0] = std::cos(made.problem.twist[k]);
      pair[1] = std::sin(made.problem.twist[k]);
    }
  }
  return {input.joints.to(at::kFloat), input.shape.to(at::kFloat), input.twist.to(at::kFloat), {}};
}

// Samples a second, forward alone and with the gradient.
std::pair<double, double> RatesOf(const BodyModel& body, const IkOptions& options, int samples,
                                  int runs) {
  const IkLayer layer(body, options);
  IkInput input = MakeInput(layer, samples);
  const Duration forward = MedianDuration(runs, [&] {
    const at::NoGradGuard no_grad;
    layer->forward(input);
  });
  input.joints.requires_grad_();
  input.twist.requires_grad_();
  const Duration both = MedianDuration(runs, [&] {
    input.joints.mutable_grad() = input.twist.mutable_grad() = at::Tensor();
    layer->forward(input).select(3, 0).sum().backward();
  });
  // Of one thread the processor's time, which is what a machine with nothing else to do takes.
  const auto rate = [&](const Duration& duration) {
    return 1000 * samples / (at::get_num_threads() == 1 ? duration.cpu_ms : duration.ms);
  };
  return {rate(forward), rate(both)};
}

void Print(const nlohmann::ordered_json& result) {
  fmt::print("{}, {} threads\n{:<14}{:>12}{:>12}   {:>25}   {:>25}\n",
             result["body"].get<std::string>(), result["threads"].get<int>(), "method", "samples/s",
             "and back", "mm exact/shape/noise", "rotations");
  const auto row = [](const std::string& name, const nlohmann::ordered_json& mm,
                      const nlohmann::ordered_json& rotation) {
    fmt::print("{}   {:>9.3f}{:>8.1f}{:>8.1f}   {:>9.3f}{:>8.3f}{:>8.3f}\n", name,
               mm["exact"].get<double>(), mm["other_shape"].get<double>(),
               mm["noise"].get<double>(), rotation["exact"].get<double>(),
               rotation["other_shape"].get<double>(), rotation["noise"].get<double>());
  };
  for (const auto& [name, rate] : result["samples_per_second"].items()) {
    nlohmann::ordered_json mm, rotation;
    for (const auto& kind : EnumNames<IkCaseKind>::kAll) {
      mm[kind.name] = result["mean_error_mm"][kind.name][name];
      rotation[kind.name] = result["rotation_error"][kind.name][name];
    }
    row(fmt::format("{:<14}{:>12.0f}{:>12.0f}", name, rate.get<double>(),
                    result["samples_per_second_backward"][name].get<double>()),
        mm, rotation);
  }
  for (const nlohmann::ordered_json& at : result["curve"]) {
    row(fmt::format("damping {:<30g}", at["damping"].get<double>()), at["mean_error_mm"],
        at["rotation_error"]);
  }
}

}  // namespace

int RunBenchIk(int argc, char** argv) {
  int samples, threads, runs;
  cxxopts::Options options(
      "gyre bench ik",
      "Rotations from joints: speed, distance to the targets, and the error of "
      "the rotations, by method and over the damping of least squares.");
  options.add_options()("samples", "Made-up bodies of each kind",
                        cxxopts::value<int>(samples)->default_value("600"), "N")(
      "threads", "Threads of the layer", cxxopts::value<int>(threads)->default_value("1"), "N")(
      "runs", "Times are medians of so many runs", cxxopts::value<int>(runs)->default_value("11"),
      "N")("json", "Print one JSON object");
  AddBodyOptions(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  if (samples < 1 || samples > 100000 || threads < 1 || threads > 1024 || runs < 1) {
    throw UsageError("--samples must be 1 to 100000, --threads 1 to 1024, --runs 1 or more");
  }
  const auto body = BodyOf(args);
  InitRuntime(threads);
  nlohmann::ordered_json result = {
      {"body", body->name}, {"samples", samples}, {"threads", threads}};
  for (const auto& [name, of_method] : Methods()) {
    const auto [forward, both] = RatesOf(*body, of_method, samples, runs);
    result["samples_per_second"][name] = forward;
    result["samples_per_second_backward"][name] = both;
    const Quality quality = QualityOf(InverseKinematics(*body, of_method), samples);
    for (const auto& [kind, error] : quality.error_mm.items()) {
      result["mean_error_mm"][kind][name] = error;
      result["rotation_error"][kind][name] = quality.rotation_error[kind];
      result["steps"][kind][name] = quality.steps[kind];
    }
  }
  for (const double damping : {0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0}) {
    IkOptions at;
    at.branches = IkBranches::kMain;
    at.damping = damping;
    at.steps = 100;
    const Quality quality = QualityOf(InverseKinematics(*body, at), samples);
    result["curve"].push_back({{"damping", damping},
                               {"mean_error_mm", quality.error_mm},
                               {"rotation_error", quality.rotation_error}});
  }
  if (args.count("json")) {
    fmt::print("{}\n", result.dump(2));
  } else {
    Print(result);
  }
  return 0;
}

}  // namespace gyre
