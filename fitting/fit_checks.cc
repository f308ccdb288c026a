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
  if (AreNoPixels(view.keypoints_px, view.confidence)) {
    return {
        FitReason::kNotPixels,
        "all keypoints lie within 0..1 or -1..1, which are no pixels: OpenPose writes such with "
        "--keypoint_scale 3 or 4; run it without, or scale them (--keypoints-of 1x1, "
        "SPEC?keypoints_of=1x1)"};
  }
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  if (!positive(view.camera.focal_px) || !positive(view.pixel_scale) ||
      !view.camera.center_px.allFinite()) {
    return {FitReason::kBadCamera, fmt::format("the camera has focal length {} px, pixel scale {}",
                                               view.camera.focal_px, view.pixel_scale)};
  }
  const double side_px = kReferenceCropPx / view.pixel_scale;
  if (side_px > kWidestView * view.camera.focal_px) {
    return {FitReason::kBadCamera,
            fmt::format("with a focal length of {} px the person, {:.0f} px large, spans more than "
                        "100 degrees; is it in mm? (--focal-mm)",
                        view.camera.focal_px, side_px)};
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

void CheckError(const FitProblem& problem, const FitOptions& options, FitSummary* summary) {
  if (options.max_error_share == 0 || !summary->usable) return;
  double sum = 0, weight = 0;
  for (Eigen::Index i = 0; i < summary->per_joint_error_px.size(); ++i) {
    const double error_px = summary->per_joint_error_px[i], c = problem.confidence[i];
    if (std::isnan(error_px)) continue;
    sum += c * c * error_px;
    weight += c * c;
  }
  if (weight == 0) return;  // seen by further cameras alone
  const double share = sum / weight * problem.pixel_scale / kReferenceCropPx;
  if (share <= options.max_error_share) return;
  summary->usable = false;
  summary->reason = FitReason::kLargeError;
  summary->reason_text = fmt::format(
      "the body's joints are {:.0f} % of the person's size from the keypoints, more than {:.0f} % "
      "(fit.max_error_share); check the keypoints' order and picture, and the camera",
      100 * share, 100 * options.max_error_share);
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
