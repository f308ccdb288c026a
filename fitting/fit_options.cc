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
