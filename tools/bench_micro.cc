// SPDX-License-Identifier: Apache-2.0
// gyre bench micro: what the parts of a fit cost, one thread, microseconds.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "body/kinematics.h"
#include "core/rng.h"
#include "fitting/backends/ceres_backend.h"
#include "fitting/backends/fused_backend.h"
#include "fitting/backends/rigid_backend.h"
#include "fitting/backends/smpl_sizes.h"
#include "fitting/fit_options.h"
#include "fitting/free_params.h"
#include "fitting/observations.h"
#include "fitting/terms/term_list.h"
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
// start 0.2 rad off. The objectives of both stages, as the default options make them.
struct Case {
  Case(const BodyModel& body, const std::shared_ptr<const FoldedJoints>& joints,
       const std::shared_ptr<const LayoutPrior>& prior)
      : truth(*body.layout) {
    Rng rng(1, RngStream::kTest);
    LayoutPrior::Pose pose = prior->Mean();
    for (double& value : pose) value += 0.2 * rng.Normal();
    prior->SetPose(pose, &truth);
    truth.rotation(0) = Vec3(3, 0.2, 0.1);
    truth.transl() = Vec3(0, 0.2, 45);
    Observations observed;
    observed.views = {{SpinCropCamera()}};
    const Points3 points = joints->Positions(truth);
    for (int i = 0; i < joints->size(); ++i) {
      const Vec2 pixel = SpinCropCamera().Project(points.row(i).transpose());
      observed.body.push_back({i, pixel + 2 * Vec2(rng.Normal(), rng.Normal()), 1});
    }
    observed.torso = observed.body;
    start = truth;
    for (double& value : start.pose()) value += rng.Normal(0, 0.2);
    const FitOptions options;
    const FreeParams free(body, joints->set());
    for (const FitStage stage : {FitStage::kTorso, FitStage::kBody}) {
      const TermSources sources{options, stage, observed, *body.layout, prior, false};
      objectives.emplace_back(
          joints, MakeTerms(sources),
          stage == FitStage::kTorso ? free.OfTorso() : free.OfBody(observed, true), start);
      objectives.back().set_sigma_px(options.first_sigma_px);
    }
  }

  BodyParams truth, start;
  std::vector<Objective> objectives;  // of the torso stage, of the body stage
};

SolverOptions Solver() { return {50, FitOptions().function_tolerance}; }

void MeasureFused(const FusedModel& model, const DenseKernels& kernels, Case* made,
                  nlohmann::json* result) {
  constexpr int kParams = SmplSizes::kParams, kStride = NormalSize<kParams>::kStride;
  Objective& objective = made->objectives[1];
  FusedWorkspace workspace;
  RowMatX normal;
  VecX gradient;
  const std::string suffix = fmt::format("_{}", kernels.name);
  (*result)["normal_equations" + suffix] = MedianMicroseconds(
      [&] { model.NormalEquations(objective, workspace, made->truth, &normal, &gradient); });
  RowMatX upper = RowMatX::Zero(kStride, kStride), work = upper;
  upper.topLeftCorner(kParams, kParams).setIdentity();
  const VecX damping = VecX::Ones(kParams);
  VecX x(kParams);
  (*result)["cholesky_solve" + suffix] = MedianMicroseconds(
      [&] { kernels.solve_normal(upper.data(), damping.data(), work.data(), x.data()); });
  BodyParams params;
  (*result)["body_fit" + suffix] = MedianMicroseconds([&] {
    params = made->start;
    model.Solve(objective, Solver(), workspace, &params);
  });
}

nlohmann::json Measure(const BodyModel& body, const std::shared_ptr<const FoldedJoints>& joints,
                       const std::shared_ptr<const LayoutPrior>& prior) {
  Case made(body, joints, prior);
  Objective &torso = made.objectives[0], &objective = made.objectives[1];
  VecX residuals(objective.num_residuals());
  RowMatX joint_jacobian, jacobian;
  Points3 positions;
  nlohmann::json result;
  result["joints"] = MedianMicroseconds([&] { joints->Evaluate(made.truth, &positions, nullptr); });
  result["joints_jacobian"] =
      MedianMicroseconds([&] { joints->Evaluate(made.truth, &positions, &joint_jacobian); });
  result["residuals"] =
      MedianMicroseconds([&] { objective.Evaluate(made.truth, residuals, nullptr); });
  result["residuals_jacobian"] =
      MedianMicroseconds([&] { objective.Evaluate(made.truth, residuals, &jacobian); });
  constexpr int kParams = SmplSizes::kParams;
  for (const DenseKernels* kernels : {&PortableKernels<kParams>(), &BestKernels<kParams>()}) {
    const auto model = FusedModel::Of(*body.layout, joints, prior, kernels);
    if (model == nullptr) break;  // a body of other sizes
    MeasureFused(*model, *kernels, &made, &result);
  }
  BodyParams params;
  result["torso_fit"] = MedianMicroseconds([&] {
    params = made.start;
    SolveRigid(torso, Solver(), &params);
  });
  result["body_fit_ceres"] = MedianMicroseconds([&] {
    params = made.start;
    SolveWithCeres(objective, Solver(), &params);
  });
  return result;
}

}  // namespace

int RunBenchMicro(int argc, char** argv) {
  cxxopts::Options options("gyre bench micro", "Time the parts of a fit, one thread.");
  options.add_options()("json", "Print one JSON object");
  AddBodyOptions(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  const auto body = BodyOf(args);
  const auto prior = std::make_shared<const LayoutPrior>(PriorOf(args), *body->layout);
  KeypointSet set{"joints that the body has", {}};
  for (const std::string_view joint : SpinJoints().joints) {
    if (HasJoint(*body, FindJoint(joint))) set.joints.push_back(joint);
  }
  const auto joints = std::make_shared<const FoldedJoints>(*body, set);
  const nlohmann::json result = Measure(*body, joints, prior);
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
