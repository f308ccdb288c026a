// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_options.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "body/joints.h"
#include "core/error.h"

namespace gyre {
namespace {

void CheckNotNegative(const char* field, double value) {
  if (!std::isfinite(value) || value < 0) {
    ThrowUserError("fit option {} is {}; it must be a finite number >= 0", field, value);
  }
}

void CheckPositive(const char* field, double value) {
  CheckNotNegative(field, value);
  if (value == 0) ThrowUserError("fit option {} is 0; it must be positive", field);
}

}  // namespace

void FitOptions::Check() const {
  CheckNotNegative("torso_depth_anchor", torso_depth_anchor);
  CheckNotNegative("torso_orientation_anchor", torso_orientation_anchor);
  CheckPositive("sigma_px", sigma_px);
  if (!(first_sigma_px >= sigma_px && first_sigma_px <= 1e6)) {
    ThrowUserError("fit option first_sigma_px is {}; it must be from sigma_px ({}) to 1e6",
                   first_sigma_px, sigma_px);
  }
  CheckNotNegative("torso_sigma_px", torso_sigma_px);
  CheckNotNegative("merge_within_px", merge_within_px);
  CheckPositive("point_weight", point_weight);
  CheckNotNegative("pose_prior_weight", pose_prior_weight);
  CheckNotNegative("angle_prior_weight", angle_prior_weight);
  CheckNotNegative("shape_prior_weight", shape_prior_weight);
  CheckNotNegative("body_depth_anchor", body_depth_anchor);
  CheckNotNegative("start_anchor", start_anchor);
  CheckNotNegative("min_part_confidence", min_part_confidence);
  CheckPositive("hand_weight", hand_weight);
  CheckPositive("face_weight", face_weight);
  CheckPositive("part_sigma_scale", part_sigma_scale);
  CheckNotNegative("hand_prior_weight", hand_prior_weight);
  CheckNotNegative("jaw_prior_weight", jaw_prior_weight);
  CheckNotNegative("collision_weight", collision_weight);
  if (stages == FitStages::kWholeBody) {
    CheckPositive("hand_prior_weight", hand_prior_weight);
    CheckPositive("jaw_prior_weight", jaw_prior_weight);
  }
  CheckPositive("torso_max_iterations", torso_max_iterations);
  CheckPositive("body_max_iterations", body_max_iterations);
  CheckPositive("function_tolerance", function_tolerance);
  CheckPositive("min_observed_joints", min_observed_joints);
  CheckNotNegative("max_error_share", max_error_share);
  if (estimate_uncertainty) CheckPositive("pose_prior_weight", pose_prior_weight);
  for (const std::string& joint : ignored_joints) {
    if (std::ranges::find(AllJoints(), joint, &JointInfo::name) == AllJoints().end()) {
      ThrowUserError("fit option ignored_joints names \"{}\", which is no registered joint", joint);
    }
  }
}

FitOptions FitOptions::Spin() {
  FitOptions options;
  options.torso_weighting = TorsoWeighting::kNone;
  options.torso_fallback = false;
  options.torso_depth_anchor = 100;
  options.torso_orientation_anchor = 0;
  options.try_exchanged_limbs = false;
  options.rest_unseen_limbs = false;
  options.torso_sigma_px = 0;
  options.first_sigma_px = options.sigma_px = 100;
  options.body_translation_free = false;
  options.robust_norm = RobustNorm::kPerCoordinate;
  options.angle_prior = AnglePrior::kExponential;
  options.angle_prior_weight = 15.2;
  options.body_depth_anchor = 0;
  options.ignored_joints = {"OP Neck", "OP RHip", "OP LHip", "Right Hip", "Left Hip"};
  options.merge_duplicate_joints = false;
  options.hypotheses = Hypotheses::kAll;
  options.cold_start = ColdStart::kMean;
  return options;
}

// Detectors' errors are half as large in hands, and less in faces. Priors have a quarter of the
// weight that they have elsewhere, which is what SMPLify-X has of a person 900 px tall: who shows
// hands and face is seen close.
FitOptions FitOptions::WholeBody() {
  FitOptions options;
  options.pose_prior_weight = 1.2;
  options.shape_prior_weight = 1.2;
  options.angle_prior_weight = 8.5;
  options.stages = FitStages::kWholeBody;
  options.min_part_confidence = 0.2;
  options.hand_weight = 1.5;
  options.face_weight = 2;
  options.part_sigma_scale = 0.5;
  options.hand_prior_weight = 2.4;
  options.jaw_prior_weight = 12;
  return options;
}

FitOptions FitOptions::Smplifyx() {
  FitOptions options = WholeBody();
  options.stages = FitStages::kSmplifyx;
  options.cold_start = ColdStart::kMean;  // a guess of its own
  options.ignored_joints = {"OP Neck", "OP RHip", "OP LHip"};
  options.min_part_confidence = 0;
  options.try_exchanged_limbs = false;
  options.rest_unseen_limbs = false;
  return options;
}

double FitOptions::AnchorOf(double sigma_rad) const {
  return pose_prior_weight / (std::numbers::sqrt2 * sigma_rad);
}

FitOptions FitOptions::Anchored() {
  FitOptions options;
  options.start_anchor = options.AnchorOf(0.3);
  return options;
}

}  // namespace gyre
