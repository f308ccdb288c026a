// SPDX-License-Identifier: Apache-2.0
// The residuals of a fit and their analytic Jacobian: the one place where the objective is written.
// Any least-squares solver drives it; nothing is allocated per evaluation.
//
// r(x) has |r|^2 = objective, x = (pose 72, betas 10, transl 3) or, where only the body's place
// moves, x = (global orientation 3, transl 3). Rows in this order, each block only if the stage has
// it:
//   2 per observation  weight e / sqrt(1 + |e|^2 / sigma^2), e = pixel_scale (project(X) -
//   keypoint),
//                      whose square is weight^2 gm(|e|) (per coordinate: each of e_x, e_y by
//                      itself)
//   3 per point        weight (X - target)
//   69 + 1  mixture    weight [ L_k^T (x - m_k) / sqrt 2 ; sqrt(-log w'_k) ], k the best component
//   4       angles     weight exp(s_i th_i), or weight max(0, s_i th_i - kAngleSlack)
//   10      shape      weight b
//   1       depth      weight (t_z - t_z0)
//   72 or 3 start      weight (th - th0), of the pose values in x
//
// The mixture's precision is constant, so a solver that forms J^T J itself may skip rows it knows.
#pragma once

#include <memory>
#include <vector>

#include "body/kinematics.h"
#include "body/pose_prior.h"
#include "core/camera.h"
#include "fitting/fit_options.h"

namespace gyre {

// A camera that sees the body: X_view = rotation X + translation.
struct View {
  Camera camera;
  double pixel_scale = 1;  // reference pixels per pixel of the camera
  Mat3 rotation = Mat3::Identity();
  Vec3 translation = Vec3::Zero();
};

// One keypoint to explain.
struct Observation {
  int joint = 0;  // position in the FoldedJoints
  Vec2 point_px = Vec2::Zero();
  double weight = 0;  // multiplies the residual: the confidence
  int view = 0;
};

// A joint whose place in space is known.
struct PointObservation {
  int joint = 0;
  Vec3 point = Vec3::Zero();  // metres, in the frame of the body's parameters
  double weight = 0;          // reference pixels per metre
};

// The terms of one stage. A weight of 0 leaves the term out.
struct ObjectiveSpec {
  std::vector<Observation> observations;
  std::vector<PointObservation> points;
  std::vector<View> views = {View{}};
  bool root_only = false;  // x = (global orientation, transl); no priors then
  double sigma_px = 0;     // 0: squared error
  bool robust_per_coordinate = false;
  double pose_prior_weight = 0;
  double angle_prior_weight = 0;
  AnglePrior angle_prior = AnglePrior::kExponential;
  double shape_prior_weight = 0;
  double depth_anchor = 0;
  double start_anchor = 0;
  BodyParams start{SmplLayout()};
};

// SMPLify's angle prior: pose values (of 72) that must not bend backwards, and their signs.
struct AnglePriorEntry {
  int pose_idx;
  double sign;
};
inline constexpr AnglePriorEntry kAnglePrior[] = {{55, 1}, {58, -1}, {12, -1}, {15, -1}};
inline constexpr double kAngleSlack = 0.1;  // radians that elbows and knees go beyond straight

// r of one observation, given its joint in the frame of the parameters, and its derivative by the
// joint. False when the joint is not in front of the camera.
bool ReprojectionResidual(const ObjectiveSpec& spec, const Observation& observation,
                          const Vec3& joint, Vec2* r,
                          Eigen::Matrix<double, 2, 3, Eigen::RowMajor>* dr_djoint);

// r and dr/dth of one of them, th being its pose value.
struct AngleResidual {
  double r, derivative;
};
AngleResidual EvaluateAngle(const ObjectiveSpec& spec, const AnglePriorEntry& angle, double value);

class Objective {
 public:
  // Squared norms of the blocks.
  struct Costs {
    double reprojection = 0, points = 0, pose_prior = 0, angle_prior = 0, shape_prior = 0,
           depth_anchor = 0, start_anchor = 0;
    double Total() const {
      return reprojection + points + pose_prior + angle_prior + shape_prior + depth_anchor +
             start_anchor;
    }
  };

  Objective(std::shared_ptr<const FoldedJoints> joints, std::shared_ptr<const PosePrior> prior,
            ObjectiveSpec spec);

  int num_residuals() const { return layout_.end; }
  int num_params() const { return spec_.root_only ? kNumRootParams : kNumBodyParams; }
  const ObjectiveSpec& spec() const { return spec_; }
  void set_sigma_px(double sigma_px) { spec_.sigma_px = sigma_px; }

  // x from a body and back; what x does not hold stays.
  void Pack(const BodyParams& params, Eigen::Ref<VecX> x) const;
  void Unpack(const Eigen::Ref<const VecX>& x, BodyParams* params) const;

  // residuals [num_residuals], jacobian null or [num_residuals, num_params]. False when a joint is
  // not in front of the camera or a value is not finite. One thread at a time per Objective.
  bool Evaluate(const BodyParams& params, Eigen::Ref<VecX> residuals, RowMatX* jacobian);

  // The objective, term by term; infinite reprojection when a joint is not in front of the camera.
  Costs Evaluate(const BodyParams& params);

 private:
  int PoseParams() const { return spec_.root_only ? 3 : kNumPoseParams; }  // the first of x
  // Writes the rows of one term.
  bool Reproject(const Observation& observation, int row, Eigen::Ref<VecX> residuals,
                 RowMatX* jacobian) const;
  void PointRows(Eigen::Ref<VecX> residuals, RowMatX* jacobian) const;
  void PosePriorRows(const BodyParams& params, Eigen::Ref<VecX> residuals, RowMatX* jacobian) const;
  void AngleRows(const BodyParams& params, Eigen::Ref<VecX> residuals, RowMatX* jacobian) const;
  void LinearRows(const BodyParams& params, Eigen::Ref<VecX> residuals, RowMatX* jacobian) const;

  // The first row of each block; the observations' rows start at 0.
  struct Layout {
    int points = 0, pose_prior = 0, angle_prior = 0, shape_prior = 0, depth_anchor = 0,
        start_anchor = 0, end = 0;
  };

  std::shared_ptr<const FoldedJoints> joints_;
  std::shared_ptr<const PosePrior> prior_;
  ObjectiveSpec spec_;
  Layout layout_;
  std::vector<uint8_t> observed_;  // per joint, for FoldedOptions::mask
  Points3 positions_;
  RowMatX joint_jacobian_;
  VecX residual_scratch_;
};

}  // namespace gyre
