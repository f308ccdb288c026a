// SPDX-License-Identifier: Apache-2.0
// One person to fit, and what came of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "body/body_model.h"
#include "body/joints.h"
#include "body/limbs.h"
#include "core/camera.h"
#include "core/enum_names.h"
#include "core/types.h"
#include "solve/solver.h"

namespace gyre {

// A person as one camera sees them.
struct PersonKeypoints {
  // In the order of the Fitter's KeypointSet, SPIN's 49 unless it was given another; pixels of
  // `camera`.
  Points2 keypoints_px = Points2::Zero(SpinJoints().size(), 2);
  VecX confidence = VecX::Zero(SpinJoints().size());  // 0: not observed
  Camera camera;
  // Pixels of the 224 px reference crop per pixel of `camera` (1 when `camera` is the crop's): the
  // weights of the objective are in reference pixels, whatever the picture's resolution.
  double pixel_scale = 1;
};

// A further camera at the same moment, of known place: X_view = rotation X + translation (metres),
// with X in the first camera's frame.
struct FitView : PersonKeypoints {
  Mat3 rotation = Mat3::Identity();
  Vec3 translation = Vec3::Zero();
};

// The keypoints are the first camera's; all parameters are in its frame. A camera that sees nothing
// is not used and need not be set.
struct FitProblem : PersonKeypoints {
  std::vector<FitView> views;  // of further cameras
  // The same joints where their place in space is known, metres; no rows when none is.
  Points3 points3D = Points3(0, 3);
  VecX points3D_confidence;  // in [0, 1], 0: not known. As many as points3D has rows

  BodyParams start{SmplLayout()};     // in the camera's frame, of the body that is fitted
  bool has_start = true;              // false: a cold start, see cold_start.h
  bool start_has_translation = true;  // false: estimated from what is observed

  // Camera 0 is the first, i > 0 is views[i - 1].
  FitView Seen(int camera) const;
  int MainCamera() const;  // which sees most, by the sum of confidences
};

enum class FitReason {
  kOk,
  kNonFiniteInput,  // NaN, infinity or a keypoint beyond any picture
  kNotPixels,       // keypoints within 0..1 or -1..1
  // Focal length or pixel scale not positive, the person wider than any lens sees, or the place of
  // a further camera not a rigid motion.
  kBadCamera,
  kTooFewJoints,
  kNotPlaceable,  // no translation puts the body in front of the camera
  kSolverFailed,
  kLargeError,  // fitted, but the body is not where the keypoints are: FitOptions::max_error_share
};
template <>
struct EnumNames<FitReason> {
  static constexpr NameOf<FitReason> kAll[] = {{FitReason::kOk, "ok"},
                                               {FitReason::kNonFiniteInput, "non_finite_input"},
                                               {FitReason::kNotPixels, "not_pixels"},
                                               {FitReason::kBadCamera, "bad_camera"},
                                               {FitReason::kTooFewJoints, "too_few_joints"},
                                               {FitReason::kNotPlaceable, "not_placeable"},
                                               {FitReason::kSolverFailed, "solver_failed"},
                                               {FitReason::kLargeError, "large_error"}};
};

// The terms of the objective, named as SPIN's code has them; weighted, in reference pixels squared.
struct ObjectiveTerms {
  double reprojection = 0;
  double points = 0;  // 3D joints
  double pose_prior = 0;
  double angle_prior = 0;
  double shape_prior = 0;
  double depth_anchor = 0;  // of the body stage
  double start_anchor = 0;
  double other = 0;         // terms that have no name here
  double camera_stage = 0;  // the torso stage's objective, its depth anchor included
  double BodyTotal() const {
    return reprojection + points + pose_prior + angle_prior + shape_prior + depth_anchor +
           start_anchor + other;
  }
  // Of the body stage, by Term::name().
  double& Named(std::string_view term);
};

// How well a body explains the keypoints, measured alike for stored and for new fits, whatever the
// scale of the robust norm that was minimised.
inline constexpr double kScoreSigmaPx = 100;  // of the scores' Geman-McClure, as SPIN's
struct FitScore {
  // sum c^2 gm(e) / sum c^2 over the joints of the body stage in all cameras, reference pixels
  // squared; 3D joints count with (point_weight |X - point|)^2. Infinite when nothing is observed
  // or the body is not in front of a camera.
  double score_px2 = 0;
  // mean over all keypoints, observed or not, of c^2 gm(e), as SPIN scores (FitStore's SPIN
  // policy).
  double spin_score_px2 = 0;
  // What the body stage minimises, robust norm and priors without anchors, over the same weights;
  // of exchanged limbs, that of the keypoints as exchanged and the price of a gross error.
  double objective_px2 = 0;
  double robust_px2 = 0;  // the share of the keypoints and 3D joints in that
  // mean |e| over observed joints, pixels of the first camera; NaN when it sees none.
  double reprojection_px = 0;
  double points3D_error_m = 0;  // mean distance from the 3D joints; NaN when there are none
  double pose_prior = 0;        // energy of the mixture, without weight
  int observed_joints = 0;
};

using FitTermination = Termination;

struct FitSummary {
  FitTermination termination = FitTermination::kNotRun;
  bool usable = false;
  FitReason reason = FitReason::kOk;
  std::string reason_text;  // one sentence when not usable

  int torso_iterations = 0;
  int body_iterations = 0;
  int hypotheses_tried = 0;
  Limbs exchanged = Limbs::kNone;  // what `before` and `after` are about
  bool by_mask = false;            // a mask had a say in it, none in the numbers here
  ObjectiveTerms before;           // at the start, translation estimated where it had none
  ObjectiveTerms after;
  FitScore score;
  // |e| in pixels of the first camera; NaN where not observed. As many as there are keypoints
  VecX per_joint_error_px;
  double seconds = 0;

  std::string BriefReport() const;  // one line
};

// The best of the other hypotheses, where it is another body.
struct FitAlternative {
  BodyParams params;
  double objective = 0;  // of the body stage, to compare with FitSummary::after
};

// One standard deviation, of the fit's posterior (uncertainty.h); 0 of what is held.
struct FitUncertainty {
  using PerJoint = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, kMaxJoints, 1>;
  PerJoint depth_sd_m;  // of each joint's depth less the pelvis', metres [J]
  // Of each joint's rotation vector, root mean square over its axes, radians. [J]
  PerJoint rotation_sd_rad;
  // Covariance of each joint's position in the first camera's frame, metres squared. [J]
  // ProjectedCovariance (core/projected_covariance.h) takes it into the image.
  std::vector<Mat3> joint_cov_m2;
};

struct FitResult {
  BodyParams params;  // the start when not usable
  FitSummary summary;
  std::optional<FitAlternative> runner_up;
  std::optional<FitUncertainty> uncertainty;  // by FitOptions::estimate_uncertainty
};

}  // namespace gyre
