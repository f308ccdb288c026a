// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_checks.h"

#include <fmt/format.h>

#include <Eigen/LU>
#include <algorithm>
#include <cmath>

namespace gyre {
namespace {

constexpr double kFarthestPx = 1e6;  // beyond any picture

FitRefusal CameraRefusal(const FitView& view, const KeypointSet& set) {
  if (!view.confidence.allFinite()) {
    return {FitReason::kNonFiniteInput, "confidences of a further camera are not finite"};
  }
  for (int i = 0; i < set.size(); ++i) {
    if (view.confidence[i] > 0 && !(view.keypoints_px.row(i).array().abs() <= kFarthestPx).all()) {
      return {FitReason::kNonFiniteInput,
              fmt::format("keypoint {} is not finite or beyond {} px", set.joints[i], kFarthestPx)};
    }
  }
  if (!(view.confidence.maxCoeff() > 0)) return {};
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  if (!positive(view.camera.focal_px) || !positive(view.pixel_scale) ||
      !view.camera.center_px.allFinite()) {
    return {FitReason::kBadCamera, fmt::format("the camera has focal length {} px, pixel scale {}",
                                               view.camera.focal_px, view.pixel_scale)};
  }
  constexpr double kRotationError = 1e-4;
  const double error = (view.rotation * view.rotation.transpose() - Mat3::Identity()).norm();
  if (!(error < kRotationError) || view.rotation.determinant() < 0 ||
      !view.translation.allFinite()) {
    return {FitReason::kBadCamera, "the place of a further camera is not a rigid motion"};
  }
  return {};
}

}  // namespace

bool HasRightSizes(const FitProblem& problem, const KeypointSet& set) {
  const auto right = [&](const PersonKeypoints& camera) {
    return camera.keypoints_px.rows() == set.size() && camera.confidence.size() == set.size();
  };
  const Eigen::Index points = problem.points3D.rows();
  return right(problem) && std::all_of(problem.views.begin(), problem.views.end(), right) &&
         (points == 0 || points == set.size()) && problem.points3D_confidence.size() == points;
}

FitRefusal Refusal(const FitProblem& problem, const FitOptions& options, const KeypointSet& set,
                   const BodyLayout& layout, int observed_joints) {
  const bool start_is_sound =
      !problem.has_start || (problem.start.Fits(layout) && problem.start.values().allFinite());
  if (!HasRightSizes(problem, set) || !problem.confidence.allFinite() ||
      !problem.points3D_confidence.allFinite() || !start_is_sound) {
    return {FitReason::kNonFiniteInput,
            "confidences or start parameters are not finite or not of the right number"};
  }
  for (int i = 0; i < problem.points3D.rows(); ++i) {
    if (problem.points3D_confidence[i] > 0 && !problem.points3D.row(i).allFinite()) {
      return {FitReason::kNonFiniteInput, fmt::format("3D joint {} is not finite", set.joints[i])};
    }
  }
  for (int camera = 0; camera <= static_cast<int>(problem.views.size()); ++camera) {
    FitRefusal refusal = CameraRefusal(problem.Seen(camera), set);
    if (refusal.reason != FitReason::kOk) return refusal;
  }
  if (observed_joints < options.min_observed_joints) {
    return {FitReason::kTooFewJoints, fmt::format("{} joints observed, {} needed", observed_joints,
                                                  options.min_observed_joints)};
  }
  return {};
}

}  // namespace gyre
