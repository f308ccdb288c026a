// SPDX-License-Identifier: Apache-2.0
#include "fitting/cold_start.h"

#include <cmath>
#include <numbers>
#include <optional>
#include <span>
#include <string_view>

#include "body/anatomy.h"
#include "core/so3.h"

namespace gyre {
namespace {

// The mean by confidence of those keypoints that are observed.
std::optional<Vec2> Centre(const PersonKeypoints& camera, const KeypointSet& set,
                           std::span<const std::string_view> names) {
  Vec2 sum = Vec2::Zero();
  double weight = 0;
  for (std::string_view name : names) {
    const int i = set.IndexOf(name);
    const double c = i < 0 ? 0 : camera.confidence[i];
    if (!(c > 0)) continue;
    sum += c * camera.keypoints_px.row(i).transpose();
    weight += c;
  }
  if (weight == 0) return std::nullopt;
  return sum / weight;
}

}  // namespace

double InPlaneAngle(const PersonKeypoints& camera, const KeypointSet& set) {
  const auto hips = Centre(camera, set, kHipPoints);
  const auto shoulders = Centre(camera, set, kShoulderPoints);
  const auto head = Centre(camera, set, kHeadPoints);
  const auto legs = Centre(camera, set, kKneePoints);
  const auto bottom = hips ? hips : legs;
  const auto lower = bottom ? bottom : shoulders;  // head and shoulders alone
  const auto upper = shoulders && lower != shoulders ? shoulders : head;
  if (!lower || !upper) return 0;
  const Vec2 spine = *upper - *lower;
  if (spine.norm() == 0) return 0;
  return std::atan2(spine.x(), -spine.y());
}

BodyParams MakeColdStart(const FitProblem& problem, const LayoutPrior& prior,
                         const BodyLayout& layout, const KeypointSet& set) {
  const double pi = std::numbers::pi;
  BodyParams params(layout);
  prior.SetPose(prior.Mean(), &params);
  // Upright and facing the camera is a turn by pi about x (body y up, camera y down).
  const FitView view = problem.Seen(problem.MainCamera());
  params.rotation(0) = LogSO3(view.rotation.transpose() * ExpSO3({0, 0, InPlaneAngle(view, set)}) *
                              ExpSO3({pi, 0, 0}));
  return params;
}

}  // namespace gyre
