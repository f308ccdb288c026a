// SPDX-License-Identifier: Apache-2.0
#include "fitting/residuals.h"

#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

constexpr int kPriorRows = kNumPriorPose + 1;
constexpr int kAngleRows = static_cast<int>(std::size(kAnglePrior));
constexpr double kMinDepth = 0.01;  // metres in front of the camera

}  // namespace

void Objective::Pack(const BodyParams& params, Eigen::Ref<VecX> x) const {
  if (spec_.root_only) {
    x << params.pose().head<3>(), params.transl();
  } else {
    x << params.pose(), params.betas(), params.transl();
  }
}

void Objective::Unpack(const Eigen::Ref<const VecX>& x, BodyParams* params) const {
  if (spec_.root_only) {
    params->pose().head<3>() = x.head<3>();
  } else {
    params->pose() = x.head<kNumPoseParams>();
    params->betas() = x.segment<kNumShapeParams>(kNumPoseParams);
  }
  params->transl() = x.tail<3>();
}

Objective::Objective(std::shared_ptr<const FoldedJoints> joints,
                     std::shared_ptr<const PosePrior> prior, ObjectiveSpec spec)
    : joints_(std::move(joints)), prior_(std::move(prior)), spec_(std::move(spec)) {
  GYRE_CHECK(!spec_.root_only || (spec_.pose_prior_weight == 0 && spec_.angle_prior_weight == 0 &&
                                  spec_.shape_prior_weight == 0));
  observed_.assign(joints_->size(), 0);
  for (const Observation& observation : spec_.observations) {
    GYRE_CHECK(observation.joint >= 0 && observation.joint < joints_->size());
    GYRE_CHECK(observation.view >= 0 && observation.view < static_cast<int>(spec_.views.size()));
    observed_[observation.joint] = 1;
  }
  for (const PointObservation& point : spec_.points) {
    GYRE_CHECK(point.joint >= 0 && point.joint < joints_->size());
    observed_[point.joint] = 1;
  }
  layout_.points = 2 * static_cast<int>(spec_.observations.size());
  layout_.pose_prior = layout_.points + 3 * static_cast<int>(spec_.points.size());
  layout_.angle_prior = layout_.pose_prior + (spec_.pose_prior_weight > 0 ? kPriorRows : 0);
  layout_.shape_prior = layout_.angle_prior + (spec_.angle_prior_weight > 0 ? kAngleRows : 0);
  layout_.depth_anchor = layout_.shape_prior + (spec_.shape_prior_weight > 0 ? kNumShapeParams : 0);
  layout_.start_anchor = layout_.depth_anchor + (spec_.depth_anchor > 0 ? 1 : 0);
  layout_.end = layout_.start_anchor + (spec_.start_anchor > 0 ? PoseParams() : 0);
  positions_.resize(joints_->size(), 3);
  residual_scratch_.resize(layout_.end);
}

bool Objective::Evaluate(const BodyParams& params, Eigen::Ref<VecX> residuals, RowMatX* jacobian) {
  GYRE_CHECK(residuals.size() == layout_.end);
  FoldedOptions folded;
  folded.mask = observed_;
  if (spec_.root_only) folded.columns = FoldedOptions::Columns::kRoot;
  joints_->Evaluate(params, &positions_, jacobian != nullptr ? &joint_jacobian_ : nullptr, folded);
  if (jacobian != nullptr) jacobian->setZero(layout_.end, num_params());
  for (size_t i = 0; i < spec_.observations.size(); ++i) {
    const int row = 2 * static_cast<int>(i);
    if (!Reproject(spec_.observations[i], row, residuals, jacobian)) return false;
  }
  PointRows(residuals, jacobian);
  if (spec_.pose_prior_weight > 0) PosePriorRows(params, residuals, jacobian);
  if (spec_.angle_prior_weight > 0) AngleRows(params, residuals, jacobian);
  LinearRows(params, residuals, jacobian);
  return residuals.allFinite();
}

// e = pixel_scale (f X / Z + c - keypoint), robustified so that |r|^2 = weight^2 gm(e):
//   r = e / q, q = sqrt(1 + |e|^2 / sigma^2);  dr = de / q - e (e . de) / (sigma^2 q^3)
bool ReprojectionResidual(const ObjectiveSpec& spec, const Observation& observation,
                          const Vec3& joint, Vec2* r,
                          Eigen::Matrix<double, 2, 3, Eigen::RowMajor>* dr_djoint) {
  const View& view = spec.views[observation.view];
  const Vec3 point = view.rotation * joint + view.translation;
  if (!(point.z() > kMinDepth)) return false;
  const Vec2 e = view.pixel_scale * (view.camera.Project(point) - observation.point_px);

  Eigen::Matrix2d dr_de = Eigen::Matrix2d::Identity();
  *r = observation.weight * e;
  if (spec.sigma_px > 0) {
    const double inverse_sigma2 = 1 / (spec.sigma_px * spec.sigma_px);
    if (spec.robust_per_coordinate) {
      const Vec2 q = (1 + inverse_sigma2 * e.array().square()).sqrt();
      *r = r->cwiseQuotient(q).eval();
      dr_de.diagonal() = q.array().cube().inverse();
    } else {
      const double q = std::sqrt(1 + inverse_sigma2 * e.squaredNorm());
      *r /= q;
      dr_de = Eigen::Matrix2d::Identity() / q - inverse_sigma2 / (q * q * q) * e * e.transpose();
    }
  }
  Eigen::Matrix<double, 2, 3> de_dpoint;
  de_dpoint << 1, 0, -point.x() / point.z(), 0, 1, -point.y() / point.z();
  const double focal = view.pixel_scale * view.camera.focal_px;
  *dr_djoint = (observation.weight * focal / point.z() * dr_de * de_dpoint) * view.rotation;
  return true;
}

AngleResidual EvaluateAngle(const ObjectiveSpec& spec, const AnglePriorEntry& angle, double value) {
  const double weight = spec.angle_prior_weight;
  if (spec.angle_prior == AnglePrior::kExponential) {
    const double r = weight * std::exp(angle.sign * value);
    return {r, angle.sign * r};
  }
  const double beyond = angle.sign * value - kAngleSlack;
  return beyond > 0 ? AngleResidual{weight * beyond, weight * angle.sign} : AngleResidual{0, 0};
}

bool Objective::Reproject(const Observation& observation, int row, Eigen::Ref<VecX> residuals,
                          RowMatX* jacobian) const {
  Vec2 r;
  Eigen::Matrix<double, 2, 3, Eigen::RowMajor> dr_djoint;
  const Vec3 joint = positions_.row(observation.joint).transpose();
  if (!ReprojectionResidual(spec_, observation, joint, &r, &dr_djoint)) return false;
  residuals.segment<2>(row) = r;
  if (jacobian != nullptr) {
    jacobian->middleRows<2>(row).noalias() =
        dr_djoint.lazyProduct(joint_jacobian_.middleRows<3>(3 * observation.joint));
  }
  return true;
}

void Objective::PointRows(Eigen::Ref<VecX> residuals, RowMatX* jacobian) const {
  int row = layout_.points;
  for (const PointObservation& target : spec_.points) {
    residuals.segment<3>(row) =
        target.weight * (positions_.row(target.joint).transpose() - target.point);
    if (jacobian != nullptr) {
      jacobian->middleRows<3>(row) =
          target.weight * joint_jacobian_.middleRows<3>(3 * target.joint);
    }
    row += 3;
  }
}

// The last row is the component's constant, so that |r|^2 is the whole energy and solvers see the
// step up or down when the best component changes.
void Objective::PosePriorRows(const BodyParams& params, Eigen::Ref<VecX> residuals,
                              RowMatX* jacobian) const {
  const int row = layout_.pose_prior;
  const PriorPose pose = params.pose().tail<kNumPriorPose>();
  const PosePrior::Component& best = prior_->components()[prior_->BestComponent(pose)];
  const double scale = spec_.pose_prior_weight / std::sqrt(2.0);
  residuals.segment<kNumPriorPose>(row).noalias() =
      scale * (best.sqrt_precision * (pose - best.mean));
  residuals[row + kNumPriorPose] = spec_.pose_prior_weight * std::sqrt(best.neg_log_weight);
  if (jacobian != nullptr) {
    jacobian->block<kNumPriorPose, kNumPriorPose>(row, 3) = scale * best.sqrt_precision;
  }
}

void Objective::AngleRows(const BodyParams& params, Eigen::Ref<VecX> residuals,
                          RowMatX* jacobian) const {
  int row = layout_.angle_prior;
  for (const AnglePriorEntry& angle : kAnglePrior) {
    const auto [r, derivative] = EvaluateAngle(spec_, angle, params.pose()[angle.pose_idx]);
    residuals[row] = r;
    if (jacobian != nullptr) (*jacobian)(row, angle.pose_idx) = derivative;
    ++row;
  }
}

void Objective::LinearRows(const BodyParams& params, Eigen::Ref<VecX> residuals,
                           RowMatX* jacobian) const {
  if (spec_.shape_prior_weight > 0) {
    const int row = layout_.shape_prior;
    residuals.segment<kNumShapeParams>(row) = spec_.shape_prior_weight * params.betas();
    if (jacobian != nullptr) {
      jacobian->block<kNumShapeParams, kNumShapeParams>(row, kNumPoseParams)
          .diagonal()
          .setConstant(spec_.shape_prior_weight);
    }
  }
  if (spec_.depth_anchor > 0) {
    const int row = layout_.depth_anchor;
    residuals[row] = spec_.depth_anchor * (params.transl().z() - spec_.start.transl().z());
    if (jacobian != nullptr) (*jacobian)(row, num_params() - 1) = spec_.depth_anchor;
  }
  if (spec_.start_anchor > 0) {
    const int row = layout_.start_anchor;
    const int n = PoseParams();
    residuals.segment(row, n) = spec_.start_anchor * (params.pose() - spec_.start.pose()).head(n);
    if (jacobian != nullptr) {
      jacobian->block(row, 0, n, n).diagonal().setConstant(spec_.start_anchor);
    }
  }
}

Objective::Costs Objective::Evaluate(const BodyParams& params) {
  Costs costs;
  if (!Evaluate(params, residual_scratch_, nullptr)) {
    costs.reprojection = std::numeric_limits<double>::infinity();
    return costs;
  }
  const auto cost = [&](int begin, int end) {
    return residual_scratch_.segment(begin, end - begin).squaredNorm();
  };
  costs.reprojection = cost(0, layout_.points);
  costs.points = cost(layout_.points, layout_.pose_prior);
  costs.pose_prior = cost(layout_.pose_prior, layout_.angle_prior);
  costs.angle_prior = cost(layout_.angle_prior, layout_.shape_prior);
  costs.shape_prior = cost(layout_.shape_prior, layout_.depth_anchor);
  costs.depth_anchor = cost(layout_.depth_anchor, layout_.start_anchor);
  costs.start_anchor = cost(layout_.start_anchor, layout_.end);
  return costs;
}

}  // namespace gyre
