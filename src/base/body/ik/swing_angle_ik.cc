// SPDX-License-Identifier: Apache-2.0
#include "body/ik/swing_angle_ik.h"

#include <Eigen/Cholesky>
#include <Eigen/Geometry>

#include "body/ik/root_triad.h"
#include "body/ik/swing.h"
#include "core/so3.h"

namespace gyre {
namespace {

constexpr double kNoAxis = 1e-8;  // added to |bone x q| as published

Mat3 AlignChildren(const IkTree& tree, const IkProblem& problem, int node) {
  std::vector<PointPair> pairs;
  for (const int c : tree.nodes[node].children) {
    pairs.push_back({Bone(tree, problem, c), Target(problem, c) - Target(problem, node), 1});
  }
  return AlignDirections(pairs);
}

}  // namespace

// A swinging node's bone at rest, where it should point in its parent's axes, and the axis.
struct SwingAngleIk::Bones {
  Vec3 rest, to, axis;
  Mat3 axis_by_cross;  // d axis / d cross product

  // Left increments of Exp(angle axis) for changes of the cross product: da n + J(a n) a dn.
  Mat3 TurnByCross(double angle) const {
    return angle * LeftJacobianSO3(angle * axis) * axis_by_cross;
  }
};

SwingAngleIk::SwingAngleIk(const IkTree& tree, const IkOptions& options, bool training)
    : tree_(tree), options_(options), training_(training), angle_of_(tree.size(), -1) {
  for (int k = 1; k < tree.size(); ++k) {
    if (tree.nodes[k].kind == IkNodeKind::kEnd) continue;
    angle_of_[k] = static_cast<int>(swinging_.size());
    swinging_.push_back(k);
  }
}

bool SwingAngleIk::Aligned(int node) const {
  return node > 0 && !training_ && tree_.nodes[node].children.size() > 1;
}

Mat3 SwingAngleIk::Root(const IkProblem& problem) const {
  const bool by_spine = training_ && HasRootTriad(tree_);
  return by_spine ? RootTriad(tree_, problem) : AlignChildren(tree_, problem, 0);
}

SwingAngleIk::Bones SwingAngleIk::BonesOf(const IkProblem& problem, const TreePose& pose,
                                          int node) const {
  const int child = tree_.nodes[node].main_child;
  Bones bones;
  bones.rest = Bone(tree_, problem, child);
  bones.to = pose.world[tree_.nodes[node].parent].transpose() *
             (Target(problem, child) - Target(problem, node));
  const Vec3 cross = bones.rest.cross(bones.to);
  const double norm = cross.norm(), guarded = norm + kNoAxis;
  bones.axis = cross / guarded;
  bones.axis_by_cross = Mat3::Identity() / guarded;
  if (norm > 0) bones.axis_by_cross -= bones.axis * bones.axis.transpose() / norm;
  return bones;
}

TreePose SwingAngleIk::Pose(const IkProblem& problem, const Mat3& root, const VecX& angles) const {
  TreePose pose;
  pose.points.resize(tree_.size(), 3);
  for (int k = 0; k < tree_.size(); ++k) {
    Place(tree_, problem, k, &pose);
    if (k == 0) {
      pose.local[k] = root;
    } else if (angle_of_[k] < 0) {
      pose.local[k].setIdentity();
    } else if (Aligned(k)) {
      pose.local[k] =
          pose.world[tree_.nodes[k].parent].transpose() * AlignChildren(tree_, problem, k);
    } else {
      const Bones bones = BonesOf(problem, pose, k);
      pose.local[k] = ExpSO3(angles[angle_of_[k]] * bones.axis) *
                      ExpSO3(problem.twist[k] * bones.rest.normalized());
    }
    Turn(tree_, k, &pose);
  }
  return pose;
}

// Forward: how a world rotation and a place change with all angles, [3,A] each. The axis of b x q
// changes because q turns against the parent.
RowMatX SwingAngleIk::Jacobian(const IkProblem& problem, const TreePose& pose,
                               const VecX& angles) const {
  using Rates = Eigen::Matrix<double, 3, Eigen::Dynamic, 0, 3, kMaxIkNodes>;
  const auto count = static_cast<Eigen::Index>(swinging_.size());
  RowMatX jacobian = RowMatX::Zero(3 * tree_.size(), count);
  std::vector<Rates> turns(tree_.size(), Rates::Zero(3, count));
  for (int k = 1; k < tree_.size(); ++k) {
    const int parent = tree_.nodes[k].parent;
    const Mat3& up = pose.world[parent];
    jacobian.middleRows<3>(3 * k) =
        jacobian.middleRows<3>(3 * parent) - Hat(up * Bone(tree_, problem, k)) * turns[parent];
    if (Aligned(k)) continue;  // the world rotation stands
    turns[k] = turns[parent];
    if (angle_of_[k] < 0) continue;
    const Bones bones = BonesOf(problem, pose, k);
    // dq = q x (W_parent^T turn), dcross = b x dq
    const Mat3 by_parent =
        bones.TurnByCross(angles[angle_of_[k]]) * Hat(bones.rest) * Hat(bones.to) * up.transpose();
    turns[k] += up * (by_parent * turns[parent]);
    turns[k].col(angle_of_[k]) += up * bones.axis;
  }
  return jacobian;
}

VecX SwingAngleIk::Residuals(const IkProblem& problem, const TreePose& pose) const {
  VecX r(3 * tree_.size());
  for (int k = 0; k < tree_.size(); ++k) {
    r.segment<3>(3 * k) = pose.points.row(k).transpose() - Target(problem, k);
  }
  return r;
}

std::vector<VecX> SwingAngleIk::Angles(const IkProblem& problem, const Mat3& root) const {
  const auto count = static_cast<Eigen::Index>(swinging_.size());
  std::vector<VecX> angles = {VecX::Zero(count)};
  for (int step = 0; step < options_.steps; ++step) {
    const VecX& now = angles.back();
    const TreePose pose = Pose(problem, root, now);
    const RowMatX J = Jacobian(problem, pose, now);
    RowMatX N = J.transpose() * J;
    N.diagonal().array() += options_.damping;
    angles.push_back(now - N.llt().solve(J.transpose() * Residuals(problem, pose)));
  }
  return angles;
}

void SwingAngleIk::Solve(const IkProblem& problem, const IkPlan& plan, IkSolution* solution) const {
  const Mat3 root = Root(problem);
  const TreePose pose = Pose(problem, root, Angles(problem, root).back());
  solution->rotations = pose.local;
  solution->joints = pose.points;
  solution->steps = options_.steps;
  solution->error = MeanError(problem, plan, pose.points);
}

VecX SwingAngleIk::PullPose(const IkProblem& problem, const VecX& angles, const VecX& by_points,
                            const IkVectors* g, IkGradient* out) const {
  const TreePose pose = Pose(problem, Root(problem), angles);
  TreeCotangents cotangents(tree_.size());
  VecX by_angles = VecX::Zero(angles.size());
  for (int k = tree_.size() - 1; k >= 0; --k) {
    cotangents.points.row(k) += by_points.segment<3>(3 * k).transpose();
    const Vec3 of_node = g == nullptr || (k > 0 && angle_of_[k] < 0) ? Vec3(Vec3::Zero()) : (*g)[k];
    if (Aligned(k)) continue;
    const Vec3 local = PullTurn(tree_, pose, k, &cotangents) + of_node;
    if (k == 0) {
      if (training_ && HasRootTriad(tree_)) {
        PullRootTriad(tree_, problem, local, /*to_targets=*/false, out);
      }
    } else if (angle_of_[k] >= 0) {
      const int parent = tree_.nodes[k].parent, child = tree_.nodes[k].main_child;
      const Bones bones = BonesOf(problem, pose, k);
      const Mat3 swing = ExpSO3(angles[angle_of_[k]] * bones.axis);
      by_angles[angle_of_[k]] += local.dot(bones.axis);
      // The twist about the bone: R = S T.
      const Vec3 a = bones.rest.normalized();
      const Vec3 before = swing.transpose() * local;
      const Mat3 twist = ExpSO3(problem.twist[k] * a);
      out->twist[k] += before.dot(a);
      Vec3 by_rest = (before - twist.transpose() * before).cross(a) / bones.rest.norm();
      const Vec3 by_cross = bones.TurnByCross(angles[angle_of_[k]]).transpose() * local;
      by_rest += bones.to.cross(by_cross);
      const Vec3 by_to = pose.world[parent] * by_cross.cross(bones.rest);
      const Vec3 to = pose.world[parent] * bones.to;
      cotangents.turns[parent] -= to.cross(by_to);
      out->target.row(child) += by_to.transpose();
      out->target.row(k) -= by_to.transpose();
      cotangents.rest.row(child) += by_rest.transpose();
      cotangents.rest.row(k) -= by_rest.transpose();
    }
    PullPlace(tree_, problem, pose, k, &cotangents);
  }
  out->rest += cotangents.rest;
  return by_angles;
}

IkGradient SwingAngleIk::Pull(const IkProblem& problem, const IkPlan& /*plan*/,
                              const IkSolution& /*solution*/, const IkVectors& g) const {
  IkGradient out{IkPoints::Zero(tree_.size(), 3), IkPoints::Zero(tree_.size(), 3),
                 IkNumbers::Zero(tree_.size())};
  const Mat3 root = Root(problem);
  const std::vector<VecX> angles = Angles(problem, root);
  const VecX nothing = VecX::Zero(3 * tree_.size());
  VecX back = PullPose(problem, angles.back(), nothing, &g, &out);
  const bool implicit = options_.backward == IkBackward::kImplicit;
  for (size_t step = angles.size() - 1; step > 0; --step) {
    const VecX& at = implicit ? angles.back() : angles[step - 1];
    const RowMatX J = Jacobian(problem, Pose(problem, root, at), at);
    RowMatX N = J.transpose() * J;
    N.diagonal().array() += implicit ? 1e-9 : options_.damping;
    const VecX by_residuals = -J * N.llt().solve(back);
    for (int k = 1; k < tree_.size(); ++k) {
      out.target.row(k) -= by_residuals.segment<3>(3 * k).transpose();
    }
    back += PullPose(problem, at, by_residuals, nullptr, &out);
    if (implicit) break;
  }
  return out;
}

}  // namespace gyre
