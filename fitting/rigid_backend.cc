// SPDX-License-Identifier: Apache-2.0
#include "fitting/rigid_backend.h"

#include <Eigen/Cholesky>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/so3.h"
#include "fitting/levenberg_marquardt.h"

namespace gyre {
namespace {

using Mat6 = Eigen::Matrix<double, 6, 6>;
using Vec6 = Eigen::Matrix<double, 6, 1>;

// A joint as a function of orientation and translation: weight (pivot + t) + R arm.
struct Arm {
  Vec3 arm;
  double weight;  // the sum of the combination that makes the joint, 1 but for rounding
};

class RigidProblem {
 public:
  RigidProblem(const FoldedJoints& joints, const ObjectiveSpec& spec, const BodyParams& start);

  double EvaluateCandidate();
  void Accept() {
    current_ = candidate_;
    normal_ = candidate_normal_;
    gradient_ = candidate_gradient_;
  }
  void Linearise() {}  // six columns are formed as the residuals are
  bool Step(double damping, double* predicted);

  // (global orientation, translation)
  const Vec6& current() const { return current_; }

 private:
  const ObjectiveSpec& spec_;
  Vec3 pivot_;
  std::vector<Arm> arms_;  // per observation, then per point
  Vec6 start_, current_, candidate_;
  Mat6 normal_, candidate_normal_;
  Vec6 gradient_, candidate_gradient_;
};

RigidProblem::RigidProblem(const FoldedJoints& joints, const ObjectiveSpec& spec,
                           const BodyParams& start)
    : spec_(spec), pivot_(joints.rest_joints().PelvisAt(start.shape())) {
  GYRE_CHECK(spec.root_only);
  Points3 positions;
  RowMatX jacobian;
  FoldedOptions folded;
  folded.columns = FoldedOptions::Columns::kRoot;
  joints.Evaluate(start, &positions, &jacobian, folded);
  const Mat3 back = ExpSO3(start.rotation(0)).transpose();
  const auto add_arm = [&](int joint) {
    const double weight = jacobian(3 * joint, 3);  // d x / d t_x
    const Vec3 position = positions.row(joint).transpose();
    arms_.push_back({back * (position - weight * (pivot_ + start.transl())), weight});
  };
  for (const Observation& observation : spec.observations) add_arm(observation.joint);
  for (const PointObservation& point : spec.points) add_arm(point.joint);
  start_ << spec.start.rotation(0), spec.start.transl();
  candidate_ << start.rotation(0), start.transl();
  current_ = candidate_;
}

double RigidProblem::EvaluateCandidate() {
  const Vec3 orientation = candidate_.head<3>(), transl = candidate_.tail<3>();
  const Mat3 rotation = ExpSO3(orientation), left_jacobian = LeftJacobianSO3(orientation);
  candidate_normal_.setZero();
  candidate_gradient_.setZero();
  double cost = 0;
  for (size_t i = 0; i < spec_.observations.size(); ++i) {
    const Vec3 turned = rotation * arms_[i].arm;
    Vec2 r;
    Eigen::Matrix<double, 2, 3, Eigen::RowMajor> dr_djoint;
    if (!ReprojectionResidual(spec_, spec_.observations[i],
                              turned + arms_[i].weight * (pivot_ + transl), &r, &dr_djoint)) {
      return std::numeric_limits<double>::infinity();
    }
    Eigen::Matrix<double, 2, 6> jacobian;
    jacobian.leftCols<3>() = -dr_djoint * Hat(turned) * left_jacobian;
    jacobian.rightCols<3>() = arms_[i].weight * dr_djoint;
    candidate_normal_ += jacobian.transpose() * jacobian;
    candidate_gradient_ += jacobian.transpose() * r;
    cost += r.squaredNorm();
  }
  for (size_t i = 0; i < spec_.points.size(); ++i) {
    const PointObservation& target = spec_.points[i];
    const Arm& arm = arms_[spec_.observations.size() + i];
    const Vec3 turned = rotation * arm.arm;
    const Vec3 r = target.weight * (turned + arm.weight * (pivot_ + transl) - target.point);
    Eigen::Matrix<double, 3, 6> jacobian;
    jacobian.leftCols<3>() = -target.weight * Hat(turned) * left_jacobian;
    jacobian.rightCols<3>() = target.weight * arm.weight * Mat3::Identity();
    candidate_normal_ += jacobian.transpose() * jacobian;
    candidate_gradient_ += jacobian.transpose() * r;
    cost += r.squaredNorm();
  }
  Vec6 anchor = Vec6::Zero();
  anchor.head<3>().setConstant(spec_.start_anchor);
  anchor[5] = spec_.depth_anchor;
  const Vec6 r = anchor.cwiseProduct(candidate_ - start_);
  candidate_normal_.diagonal() += anchor.cwiseAbs2();
  candidate_gradient_ += anchor.cwiseProduct(r);
  return cost + r.squaredNorm();
}

bool RigidProblem::Step(double damping, double* predicted) {
  constexpr double kLeastCurvature = 1e-6;
  const Vec6 damp = damping * normal_.diagonal().cwiseMax(kLeastCurvature);
  Mat6 damped = normal_;
  damped.diagonal() += damp;
  const Eigen::LLT<Mat6> factor(damped);
  if (factor.info() != Eigen::Success) return false;
  const Vec6 step = factor.solve(gradient_);
  *predicted = step.dot(gradient_ + damp.cwiseProduct(step));
  candidate_ = current_ - step;
  return true;
}

}  // namespace

SolverResult SolveRigid(const FoldedJoints& joints, const ObjectiveSpec& spec,
                        const SolverOptions& options, BodyParams* params) {
  RigidProblem problem(joints, spec, *params);
  const double start_cost = problem.EvaluateCandidate();
  problem.Accept();
  const SolverResult result = MinimiseByLevenbergMarquardt(problem, start_cost, options);
  params->rotation(0) = problem.current().head<3>();
  params->transl() = problem.current().tail<3>();
  return result;
}

}  // namespace gyre
