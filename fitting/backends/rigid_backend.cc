// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/rigid_backend.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <limits>
#include <vector>

#include "core/so3.h"
#include "solve/levenberg_marquardt.h"

namespace gyre {
namespace {

using Mat6 = Eigen::Matrix<double, 6, 6>;
using Vec6 = Eigen::Matrix<double, 6, 1>;

// Rows about a joint, which is a function of orientation and translation: weight (pivot + t) + R
// arm.
struct Arm {
  const JointTerm* term;
  int group;
  Vec3 arm;
  double weight;  // the sum of the combination that makes the joint, 1 but for rounding
};

class RigidProblem {
 public:
  RigidProblem(const Objective& objective, const BodyParams& start);

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
  template <int N>
  bool AddRows(const Arm& arm, const Mat3& rotation, const Mat3& left_jacobian, double* cost);
  double AddParamTerms();

  const Objective& objective_;
  Vec3 pivot_;
  std::vector<Arm> arms_;
  std::vector<const ParamTerm*> param_terms_;
  std::vector<ParamTerm::Row> param_rows_;
  BodyParams params_;  // as they are, but for the six
  Vec6 current_, candidate_;
  Mat6 normal_, candidate_normal_;
  Vec6 gradient_, candidate_gradient_;
};

RigidProblem::RigidProblem(const Objective& objective, const BodyParams& start)
    : objective_(objective), params_(start) {
  const FoldedJoints& joints = objective.joints();
  pivot_ = joints.rest_joints().PelvisAt(start.shape());
  Points3 positions;
  RowMatX jacobian;
  FoldedOptions folded;
  folded.columns = FoldedOptions::Columns::kRoot;
  joints.Evaluate(start, &positions, &jacobian, folded);
  const Mat3 back = ExpSO3(start.rotation(0)).transpose();
  for (const auto& term : objective.terms()) {
    if (const ParamTerm* of_params = term->AsParamTerm()) {
      param_terms_.push_back(of_params);
      continue;
    }
    const JointTerm* of_joints = term->AsJointTerm();
    for (int group = 0; group < of_joints->num_groups(); ++group) {
      const int joint = of_joints->Joint(group);
      const double weight = jacobian(3 * joint, 3);  // d x / d t_x
      const Vec3 position = positions.row(joint).transpose();
      arms_.push_back(
          {of_joints, group, back * (position - weight * (pivot_ + start.transl())), weight});
    }
  }
  candidate_ << start.rotation(0), start.transl();
  current_ = candidate_;
}

template <int N>
bool RigidProblem::AddRows(const Arm& arm, const Mat3& rotation, const Mat3& left_jacobian,
                           double* cost) {
  const Vec3 turned = rotation * arm.arm, transl = candidate_.tail<3>();
  Vec3 residual;
  JointTerm::Derivative derivative;
  if (!arm.term->EvaluateAt(arm.group, objective_.sigma_px(),
                            turned + arm.weight * (pivot_ + transl), &residual, &derivative)) {
    return false;
  }
  const Eigen::Matrix<double, N, 1> r = residual.head<N>();
  const Eigen::Matrix<double, N, 3, Eigen::RowMajor> dr_djoint = derivative.topRows<N>();
  Eigen::Matrix<double, N, 6> jacobian;
  jacobian.template leftCols<3>() = -dr_djoint * Hat(turned) * left_jacobian;
  jacobian.template rightCols<3>() = arm.weight * dr_djoint;
  candidate_normal_ += jacobian.transpose() * jacobian;
  candidate_gradient_ += jacobian.transpose() * r;
  *cost += r.squaredNorm();
  return true;
}

double RigidProblem::AddParamTerms() {
  params_.rotation(0) = candidate_.head<3>();
  params_.transl() = candidate_.tail<3>();
  const int first_of_translation = objective_.num_params() - 3;
  Vec6 cost = Vec6::Zero();  // by unknown
  double of_held = 0;
  for (const ParamTerm* term : param_terms_) {
    param_rows_.resize(term->rows());
    term->FillRows(params_, objective_.anchor(), param_rows_.data());
    for (const auto& [param, residual, derivative] : param_rows_) {
      if (param >= 3 && param < first_of_translation) {
        of_held += residual * residual;
        continue;
      }
      const int i = param < 3 ? param : param - first_of_translation + 3;
      candidate_normal_(i, i) += derivative * derivative;
      candidate_gradient_[i] += derivative * residual;
      cost[i] += residual * residual;
    }
  }
  return cost.sum() + of_held;
}

double RigidProblem::EvaluateCandidate() {
  const Vec3 orientation = candidate_.head<3>();
  const Mat3 rotation = ExpSO3(orientation), left_jacobian = LeftJacobianSO3(orientation);
  candidate_normal_.setZero();
  candidate_gradient_.setZero();
  double cost = 0;
  for (const Arm& arm : arms_) {
    const bool has_value = arm.term->rows_each() == 2
                               ? AddRows<2>(arm, rotation, left_jacobian, &cost)
                               : AddRows<3>(arm, rotation, left_jacobian, &cost);
    if (!has_value) return std::numeric_limits<double>::infinity();
  }
  return cost + AddParamTerms();
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

bool IsRigid(const Objective& objective) {
  const int n = objective.num_params();
  const int place[] = {0, 1, 2, n - 3, n - 2, n - 1};
  if (!std::ranges::equal(objective.free(), place)) return false;
  for (const auto& term : objective.terms()) {
    if (term->AsJointTerm() == nullptr && term->AsParamTerm() == nullptr) return false;
  }
  return true;
}

SolverResult SolveRigid(const Objective& objective, const SolverOptions& options,
                        BodyParams* params) {
  RigidProblem problem(objective, *params);
  const double start_cost = problem.EvaluateCandidate();
  problem.Accept();
  const SolverResult result = MinimiseByLevenbergMarquardt(problem, start_cost, options);
  params->rotation(0) = problem.current().head<3>();
  params->transl() = problem.current().tail<3>();
  return result;
}

}  // namespace gyre
