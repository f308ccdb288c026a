// SPDX-License-Identifier: Apache-2.0
// What a fit minimises and how long it may take.
//
// A fit has two stages, each a nonlinear least-squares problem in pose th, shape b and translation
// t whose terms stand in terms/:
//   torso stage  global orientation and translation:
//       sum over torso joints of c^2 |e|^2  +  torso_depth_anchor^2 (t_z - t_z0)^2
//       + torso_orientation_anchor^2 |th[0..2] - th0[0..2]|^2
//   body stage   pose, shape, orientation and, by option, translation:
//       sum over joints of c^2 gm(e)  +  point_weight^2 sum over 3D joints of c^2 |X - point|^2
//       +  pose_prior^2 E_mixture(th without the root)
//       + angle_prior^2 sum_i exp(2 s_i th_i)  +  shape_prior^2 |b|^2
//       + body_depth_anchor^2 (t_z - t_z0)^2  +  start_anchor^2 |th - th0|^2
// with e the reprojection error in pixels of the reference crop (224 px), c the confidence,
// gm(e) = sigma^2 e^2 / (sigma^2 + e^2), and 0 marking the start.
// Sources: SMPLify (Bogo et al. 2016), SPIN (Kolotouros et al. 2019).
#pragma once

#include <string>
#include <vector>

#include "core/enum_names.h"
#include "core/option_fields.h"

namespace gyre {

enum class TorsoWeighting {
  kNone,        // every torso joint counts alike, as SPIN
  kConfidence,  // by confidence squared, and unobserved joints not at all
};
template <>
struct EnumNames<TorsoWeighting> {
  static constexpr NameOf<TorsoWeighting> kAll[] = {{TorsoWeighting::kNone, "none"},
                                                    {TorsoWeighting::kConfidence, "confidence"}};
};

enum class RobustNorm {
  kPerCoordinate,  // gm(e_x) + gm(e_y), as SPIN
  kPerJoint,       // gm(|e|)
};
template <>
struct EnumNames<RobustNorm> {
  static constexpr NameOf<RobustNorm> kAll[] = {{RobustNorm::kPerCoordinate, "per_coordinate"},
                                                {RobustNorm::kPerJoint, "per_joint"}};
};

// What keeps elbows and knees from bending backwards.
enum class AnglePrior {
  kExponential,  // exp(2 s th), SMPLify's: pulls on straight limbs too
  kLimit,        // a spring beyond straight, nothing before
};
template <>
struct EnumNames<AnglePrior> {
  static constexpr NameOf<AnglePrior> kAll[] = {{AnglePrior::kExponential, "exponential"},
                                                {AnglePrior::kLimit, "limit"}};
};

// Which starts are tried (hypotheses.h); the lowest body objective wins.
enum class Hypotheses {
  kStartOnly,   // the start as given; without one, upright and facing the camera
  kUninformed,  // where nothing is known of the pose: the mean of each of the prior's components
                // too, and all turned with the back to the camera
  kAll,         // those for every start, and its mirror image in depth
};
template <>
struct EnumNames<Hypotheses> {
  static constexpr NameOf<Hypotheses> kAll[] = {{Hypotheses::kStartOnly, "start_only"},
                                                {Hypotheses::kUninformed, "uninformed"},
                                                {Hypotheses::kAll, "all"}};
};

// Where a fit begins of which nothing is known but keypoints, or whose start is the prior's mean.
enum class ColdStart {
  kMean,     // the prior's mean, upright in the picture, and what Hypotheses add to it
  kNetwork,  // where a network of keypoints puts the body (start_network.h); the mean and what is
             // added to it only of whom that explains badly
};
template <>
struct EnumNames<ColdStart> {
  static constexpr NameOf<ColdStart> kAll[] = {{ColdStart::kMean, "mean"},
                                               {ColdStart::kNetwork, "network"}};
};

enum class FitBackend {
  kFused,  // a fast path where one applies, Ceres otherwise: backends/solve_objective.h
  kCeres,  // always Ceres: the reference
};
template <>
struct EnumNames<FitBackend> {
  static constexpr NameOf<FitBackend> kAll[] = {{FitBackend::kFused, "fused"},
                                                {FitBackend::kCeres, "ceres"}};
};

// How hands and face are fitted, where the body has them.
enum class FitStages {
  kBody,       // with everything else at once, if they are seen well (free_params.h)
  kWholeBody,  // body first, then each hand and the face, then all (whole_body.h)
  kSmplifyx,   // SMPLify-X's five stages (smplifyx.h)
};
template <>
struct EnumNames<FitStages> {
  static constexpr NameOf<FitStages> kAll[] = {{FitStages::kBody, "body"},
                                               {FitStages::kWholeBody, "whole_body"},
                                               {FitStages::kSmplifyx, "smplifyx"}};
};

// Of FitOptions::max_error_share, between good fits and those of other people's keypoints:
// measured, see docs/fitting.md.
inline constexpr double kMaxErrorShare = 0.1;

struct FitOptions {
  // Torso stage.
  bool torso_stage = true;
  TorsoWeighting torso_weighting = TorsoWeighting::kConfidence;
  // SPIN takes the superset's torso when an OpenPose torso joint is missing, observed or not. When
  // set, a torso with fewer than two observed joints falls back to all observed joints.
  bool torso_fallback = true;
  double torso_depth_anchor = 0.3;  // 1/m, times pixels; SPIN: 100, which hardly lets depth move
  // 1/rad, times pixels. A few joints of a trunk in the wrong pose are explained best by leaning it
  // in depth; held back, a start from the mean pose ends 9 mm (PA-MPJPE) nearer to the truth.
  double torso_orientation_anchor = 20;

  // Of Geman-McClure, as sigma_px below, after a first solve of squared errors; 0: no second solve.
  double torso_sigma_px = 20;

  // Body stage.
  bool body_translation_free = true;  // SPIN freezes the camera, which costs it 20 mm
  // Of Geman-McClure, in pixels of the reference crop: errors beyond it count less and less. The
  // stage is solved from first_sigma_px on, each time for a tenth of it,
  // down to sigma_px: wide valleys first, gross errors out at the end.
  double first_sigma_px = 100;
  double sigma_px = 15;
  RobustNorm robust_norm = RobustNorm::kPerJoint;
  // Of 3D joints, reference pixels per metre. The other weights imply keypoint noise of
  // pose_prior_weight / sqrt 2 = 3.4 px; divided by the noise of a 3D joint, 2 cm (definitions of
  // motion capture's joints differ by that), this is the weight that both deserve.
  double point_weight = 170;
  double pose_prior_weight = 4.78;
  AnglePrior angle_prior = AnglePrior::kLimit;
  double angle_prior_weight = 34;  // limit: 1/rad, times pixels; exponential: SMPLify has 15.2
  double shape_prior_weight = 5;
  double body_depth_anchor = 0.3;  // 1/m, times pixels
  // 1/rad, times pixels: how far an informed start's pose is trusted. A start whose rotations err
  // by s rad per axis deserves AnchorOf(s).
  double start_anchor = 0;
  // OpenPose's neck lies elsewhere than the body model's. SPIN leaves all hips out for the same
  // reason, but without them the trunk of a person in a photograph drifts off by half its width.
  std::vector<std::string> ignored_joints = {"OP Neck"};
  // Two observations of one joint of the body (OpenPose's and an annotator's wrist) become one of
  // their mean and of the weight of both.
  bool merge_duplicate_joints = true;
  double merge_within_px = 10;  // reference pixels; farther apart, one of them is wrong

  // Hands and face.
  FitStages stages = FitStages::kBody;
  // A hand or a face whose points have less confidence than this in the mean is left out: detectors
  // guess such.
  double min_part_confidence = 0;
  // Of keypoints of hands and face, to those of the body, and their share of sigma_px: detectors
  // see them closer, so that they err by less.
  double hand_weight = 1, face_weight = 1, part_sigma_scale = 1;
  double hand_prior_weight = 0;  // of hands' principal components (terms/hand_prior.h)
  double jaw_prior_weight = 0;   // 1/rad, times pixels (terms/jaw_prior.h)
  // Of vertices that stand in other limbs, reference pixels per metre (terms/penetration.h); 0:
  // they may.
  double collision_weight = 0;
  std::string vposer;  // SMPLify-X's pose prior: a file of VPoser v1's weights

  // Solver, per stage.
  FitBackend backend = FitBackend::kFused;
  int torso_max_iterations = 30;
  int body_max_iterations = 50;
  double function_tolerance = 3e-5;  // relative decrease of the objective that ends a stage

  Hypotheses hypotheses = Hypotheses::kUninformed;
  ColdStart cold_start = ColdStart::kNetwork;
  std::string start_network;  // a file of gyre start train; empty: the one that ships with gyre
  // Where an informed start's observations are not explained, exchanges left and right of the arms,
  // and of the legs, and keeps that if it explains more than one gross error. The scores stay those
  // of the keypoints as given, so that such a fit never passes for a good one of its data.
  bool try_exchanged_limbs = true;
  // A limb of which nothing is seen is wherever the prior's one best component has it, far out
  // where what is seen is: instead, in the mean of all that explain what is seen (unseen_limbs.h).
  bool rest_unseen_limbs = true;
  bool estimate_uncertainty = false;  // costs about a fifth of a fit
  int min_observed_joints = 6;        // fewer leave too much to the prior
  // A fit whose joints are farther from the keypoints than this share of the person's box side, in
  // the mean by squared confidence, is not usable: another person's keypoints, another joint order,
  // another camera. 0: every fit is. `gyre fit` has kMaxErrorShare.
  double max_error_share = 0;

  // The weight that balances errors of the start, s rad per axis, with the prior's: the objective
  // implies keypoint noise of pose_prior_weight / sqrt 2 pixels.
  double AnchorOf(double sigma_rad) const;

  // Throws UserError naming the field and its value.
  void Check() const;

  // SPIN's objective, term by term.
  static FitOptions Spin();
  static FitOptions Default() { return {}; }
  // For starts from a trained network: anchored to them as to one that errs by 0.3 rad per axis.
  static FitOptions Anchored();
  // Body, hands and face.
  static FitOptions WholeBody();
  static FitOptions Smplifyx();
};

template <OptionsOf<FitOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("torso_stage", o.torso_stage, "Place the torso before the body");
  visit("torso_weighting", o.torso_weighting, "Of torso joints (SPIN: none)");
  visit("torso_fallback", o.torso_fallback, "All joints where torso joints are missing");
  visit("torso_depth_anchor", o.torso_depth_anchor, "Holds depth in the torso stage");
  visit("torso_orientation_anchor", o.torso_orientation_anchor,
        "Holds the orientation in the torso stage");
  visit("body_translation_free", o.body_translation_free, "Move the body in the body stage");
  visit("torso_sigma_px", o.torso_sigma_px,
        "Geman-McClure's scale in the torso stage (0: squared errors)");
  visit("first_sigma_px", o.first_sigma_px, "Geman-McClure's scale at first");
  visit("sigma_px", o.sigma_px, "Geman-McClure's scale, pixels of the 224 px crop");
  visit("robust_norm", o.robust_norm, "Of what Geman-McClure is taken (SPIN: per_coordinate)");
  visit("point_weight", o.point_weight, "Weight of 3D joints, pixels per metre");
  visit("pose_prior_weight", o.pose_prior_weight, "Weight of the pose mixture");
  visit("angle_prior", o.angle_prior, "Against bending backwards (SMPLify: exponential)");
  visit("angle_prior_weight", o.angle_prior_weight, "Weight against bending backwards");
  visit("shape_prior_weight", o.shape_prior_weight, "Weight of the shape's norm");
  visit("body_depth_anchor", o.body_depth_anchor, "Holds depth in the body stage");
  visit("start_anchor", o.start_anchor, "Holds the pose near its start");
  visit("ignored_joints", o.ignored_joints, "Of the 49, by name and with commas between");
  visit("merge_duplicate_joints", o.merge_duplicate_joints, "Count a joint seen twice once");
  visit("merge_within_px", o.merge_within_px, "If no farther apart, 224 px crop");
  visit("stages", o.stages, "How hands and face are fitted");
  visit("min_part_confidence", o.min_part_confidence,
        "Hands and faces of less, in the mean, are left out");
  visit("hand_weight", o.hand_weight, "Weight of hands' keypoints, to the body's");
  visit("face_weight", o.face_weight, "Weight of the face's keypoints, to the body's");
  visit("part_sigma_scale", o.part_sigma_scale, "Share of sigma_px that hands and face have");
  visit("hand_prior_weight", o.hand_prior_weight, "Weight of the hands' principal components");
  visit("jaw_prior_weight", o.jaw_prior_weight, "Holds jaw and eyes");
  visit("collision_weight", o.collision_weight,
        "Keeps the body out of itself (0: not looked at); of whole_body");
  visit("vposer", o.vposer, "VPoser v1's weights (.pt), for the stages of SMPLify-X");
  visit("torso_max_iterations", o.torso_max_iterations, "Iterations of the torso stage");
  visit("body_max_iterations", o.body_max_iterations, "Iterations of the body stage");
  visit("function_tolerance", o.function_tolerance, "Relative decrease that ends a stage");
  visit("backend", o.backend, "Solver: fused (where it applies) or the reference, ceres");
  visit("hypotheses", o.hypotheses, "Starts to try");
  visit("cold_start", o.cold_start, "Where fits begin of which nothing is known but keypoints");
  visit("start_network", o.start_network,
        "Network of gyre start train for that (empty: the one that ships with gyre)");
  visit("try_exchanged_limbs", o.try_exchanged_limbs, "Left for right where it explains more");
  visit("rest_unseen_limbs", o.rest_unseen_limbs,
        "Unseen limbs in the mean of all of the prior that explains the rest");
  visit("estimate_uncertainty", o.estimate_uncertainty,
        "Estimate standard deviations: a fifth more time");
  visit("min_observed_joints", o.min_observed_joints, "Fewer joints are not fitted");
  visit("max_error_share", o.max_error_share,
        "Of the person's size; a fit with larger errors is not usable (0: every fit is)");
}

}  // namespace gyre
