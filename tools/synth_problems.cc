// SPDX-License-Identifier: Apache-2.0
#include "tools/synth_problems.h"

#include <cmath>
#include <numbers>

#include "core/so3.h"
#include "fitting/hypotheses.h"

namespace gyre {
namespace {

constexpr uint32_t kStarts = 1;  // the noise stream's second sequence

Vec3 DrawNormals(double sigma, Rng& rng) {
  return Vec3{rng.Normal(0, sigma), rng.Normal(0, sigma), rng.Normal(0, sigma)};
}

BodyParams NetStart(const Person& person, const RestJoints& rest, double sigma_rad, Rng& rng) {
  constexpr double kPlaceSigmaPx = 3, kDepthSigma = 0.05;
  const BodyParams& truth = *person.params;
  BodyParams start(*rest.layout);
  for (int k = 0; k < start.num_joints(); ++k) {
    start.rotation(k) = LogSO3(ExpSO3(truth.rotation(k)) * ExpSO3(DrawNormals(sigma_rad, rng)));
  }
  const Vec3 pelvis = rest.PelvisAt(truth.shape()) + truth.transl();
  const Vec3 miss = DrawNormals(1, rng);
  const Vec2 ray =
      pelvis.head<2>() / pelvis.z() + kPlaceSigmaPx / person.camera->focal_px * miss.head<2>();
  const double depth = pelvis.z() * std::exp(kDepthSigma * miss.z());
  start.transl() = depth * Vec3(ray.x(), ray.y(), 1) - rest.PelvisAt(start.shape());
  return start;
}

}  // namespace

ProblemFile MakeSynthProblems(const SyntheticDataset& people, const PosePrior& prior,
                              double start_sigma_rad) {
  const RestJoints rest(people.body());
  ProblemFile file;
  for (int64_t i = 0; i < people.size(); ++i) {
    const Person person = people.GetInSpinCrop(i);
    FitProblem& problem = file.problems.emplace_back();
    problem.keypoints_px = person.keypoints.px;
    problem.confidence = person.keypoints.confidence;
    problem.camera = *person.camera;
    file.truth.push_back(*person.params);

    Rng rng(people.options().seed, RngStream::kNoise, kStarts, static_cast<uint64_t>(i));
    const BodyParams net = NetStart(person, rest, start_sigma_rad, rng);
    BodyParams mean = net;
    mean.rotation(0) = Vec3(std::numbers::pi, 0, 0);
    mean.pose().tail<kNumPriorPose>() = prior.Mean();
    file.starts["net"].push_back(net);
    file.starts["turned"].push_back(TurnedAround(net));
    file.starts["mean"].push_back(mean);
  }
  return file;
}

}  // namespace gyre
