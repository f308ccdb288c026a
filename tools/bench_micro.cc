// SPDX-License-Identifier: Apache-2.0
// gyre bench micro: what the parts of a fit cost, one thread, microseconds.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "body/kinematics.h"
#include "core/rng.h"
#include "fitting/ceres_backend.h"
#include "fitting/fused_backend.h"
#include "fitting/rigid_backend.h"
#include "metrics/meter.h"
#include "tools/bench.h"
#include "tools/cli.h"

namespace gyre {
namespace {

// Median over batches that last about a millisecond each.
double MedianMicroseconds(const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  const auto microseconds = [&](int repeats) {
    const auto began = Clock::now();
    for (int i = 0; i < repeats; ++i) work();
    return std::chrono::duration<double, std::micro>(Clock::now() - began).count() / repeats;
  };
  const int repeats = std::max(1, static_cast<int>(1000 / microseconds(3)));
  Meter times;
  for (int batch = 0; batch < 51; ++batch) times.Add(microseconds(repeats));
  return times.Median();
}

// A person near the prior's mean, seen by SPIN's camera; every joint observed, 2 px of noise, and a
// start 0.2 rad off.
struct Case {
  ObjectiveSpec spec;
  BodyParams truth{SmplLayout()};
};

Case MakeCase(const FoldedJoints& joints, const PosePrior& prior) {
  Rng rng(1, RngStream::kTest);
  Case made;
  made.truth.pose().tail<kNumPriorPose>() = prior.Sample(rng, 0.7);
  made.truth.rotation(0) = Vec3(3, 0.2, 0.1);
  made.truth.transl() = Vec3(0, 0.2, 45);
  made.spec.views = {{SpinCropCamera()}};
  const Points3 points = joints.Positions(made.truth);
  for (int i = 0; i < joints.size(); ++i) {
    const Vec2 pixel = SpinCropCamera().Project(points.row(i).transpose());
    made.spec.observations.push_back({i, pixel + 2 * Vec2(rng.Normal(), rng.Normal()), 1});
  }
  const FitOptions options;
  made.spec.sigma_px = options.first_sigma_px;
  made.spec.pose_prior_weight = options.pose_prior_weight;
  made.spec.angle_prior = options.angle_prior;
  made.spec.angle_prior_weight = options.angle_prior_weight;
  made.spec.shape_prior_weight = options.shape_prior_weight;
  made.spec.depth_anchor = options.body_depth_anchor;
  made.spec.start = made.truth;
  for (double& value : made.spec.start.pose()) value += rng.Normal(0, 0.2);
  return made;
}

}  // namespace

int RunBenchMicro(int argc, char** argv) {
  cxxopts::Options options("gyre bench micro", "Time the parts of a fit, one thread.");
  options.add_options()("json", "Print one JSON object");
  AddBodyOptions(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  const auto prior = PriorOf(args);
  const auto joints = std::make_shared<const FoldedJoints>(*BodyOf(args), SpinJoints());
  const Case made = MakeCase(*joints, *prior);
  ObjectiveSpec rigid = made.spec;
  rigid.root_only = true;
  rigid.pose_prior_weight = rigid.angle_prior_weight = rigid.shape_prior_weight = 0;

  Objective objective(joints, prior, made.spec);
  VecX residuals(objective.num_residuals());
  RowMatX joint_jacobian, jacobian, normal;
  Points3 positions;
  VecX gradient;
  FusedWorkspace workspace;
  const SolverOptions solver{true, 50, FitOptions().function_tolerance};
  BodyParams params{SmplLayout()};

  nlohmann::json result;
  result["joints"] = MedianMicroseconds([&] { joints->Evaluate(made.truth, &positions, nullptr); });
  result["joints_jacobian"] =
      MedianMicroseconds([&] { joints->Evaluate(made.truth, &positions, &joint_jacobian); });
  result["residuals"] =
      MedianMicroseconds([&] { objective.Evaluate(made.truth, residuals, nullptr); });
  result["residuals_jacobian"] =
      MedianMicroseconds([&] { objective.Evaluate(made.truth, residuals, &jacobian); });
  for (const DenseKernels* kernels : {&PortableKernels(), &BestKernels()}) {
    const FusedModel model(joints, *prior, *kernels);
    const std::string suffix = fmt::format("_{}", kernels->name);
    FusedNormalEquations(model, made.spec, workspace, made.truth, &normal, &gradient);
    result["normal_equations" + suffix] = MedianMicroseconds(
        [&] { FusedNormalEquations(model, made.spec, workspace, made.truth, &normal, &gradient); });
    RowMatX upper = RowMatX::Zero(kNormalStride, kNormalStride), work = upper;
    upper.topLeftCorner(kNormalParams, kNormalParams).setIdentity();
    const VecX damping = VecX::Ones(kNormalParams);
    VecX x(kNormalParams);
    result["cholesky_solve" + suffix] = MedianMicroseconds(
        [&] { kernels->solve_normal(upper.data(), damping.data(), work.data(), x.data()); });
    result["body_fit" + suffix] = MedianMicroseconds([&] {
      params = made.spec.start;
      SolveFused(model, made.spec, solver, workspace, &params);
    });
  }
  result["torso_fit"] = MedianMicroseconds([&] {
    params = made.spec.start;
    SolveRigid(*joints, rigid, solver, &params);
  });
  result["body_fit_ceres"] = MedianMicroseconds([&] {
    params = made.spec.start;
    SolveWithCeres(objective, solver, &params);
  });
  if (args.count("json")) {
    fmt::print("{}\n", nlohmann::json{{"microseconds", result}}.dump(2));
    return 0;
  }
  fmt::print("microseconds, one thread, {} joints\n", joints->size());
  for (const auto& [name, value] : result.items()) {
    fmt::print("  {:<32}{:>9.2f}\n", name, value.get<double>());
  }
  return 0;
}

}  // namespace gyre
