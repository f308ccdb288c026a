// SPDX-License-Identifier: Apache-2.0
#include "fitting/cold_start.h"

#include <cmath>
#include <initializer_list>
#include <numbers>
#include <optional>

#include "core/so3.h"

namespace gyre {
namespace {

// The mean by confidence of those keypoints that are observed.
std::optional<Vec2> Centre(const PersonKeypoints& camera,
                           std::initializer_list<std::string_view> names) {
  Vec2 sum = Vec2::Zero();
  double weight = 0;
  for (std::string_view name : names) {
    const int i = SpinJoints().IndexOf(name);
    const double c = camera.confidence[i];
    if (!(c > 0)) continue;
    sum += c * camera.keypoints_px.row(i).transpose();
    weight += c;
  }
  if (weight == 0) return std::nullopt;
  return sum / weight;
}

}  // namespace

double InPlaneAngle(const PersonKeypoints& camera) {
  const auto hips =
      Centre(camera, {"OP RHip", "OP LHip", "OP MidHip", "Right Hip", "Left Hip", "Pelvis (MPII)"});
  const auto shoulders =
      Centre(camera, {"OP RShoulder", "OP LShoulder", "OP Neck", "Right Shoulder", "Left Shoulder",
                      "Neck (LSP)", "Thorax (MPII)"});
  const auto head = Centre(camera, {"OP Nose", "OP REye", "OP LEye", "OP REar", "OP LEar",
                                    "Top of Head (LSP)", "Head (H36M)", "Jaw (H36M)", "Nose",
                                    "Left Eye", "Right Eye", "Left Ear", "Right Ear"});
  const auto legs = Centre(camera, {"OP RKnee", "OP LKnee", "Right Knee", "Left Knee"});
  const auto bottom = hips ? hips : legs;
  const auto lower = bottom ? bottom : shoulders;  // head and shoulders alone
  const auto upper = shoulders && lower != shoulders ? shoulders : head;
  if (!lower || !upper) return 0;
  const Vec2 spine = *upper - *lower;
  if (spine.norm() == 0) return 0;
  return std::atan2(spine.x(), -spine.y());
}

BodyParams MakeColdStart(const FitProblem& problem, const PosePrior& prior) {
  const double pi = std::numbers::pi;
  BodyParams params{SmplLayout()};
  params.pose().tail<kNumPriorPose>() = prior.Mean();
  // Upright and facing the camera is a turn by pi about x (body y up, camera y down).
  const FitView view = problem.Seen(problem.MainCamera());
  params.rotation(0) =
      LogSO3(view.rotation.transpose() * ExpSO3({0, 0, InPlaneAngle(view)}) * ExpSO3({pi, 0, 0}));
  return params;
}

}  // namespace gyre
