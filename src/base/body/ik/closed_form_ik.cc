// SPDX-License-Identifier: Apache-2.0
#include "body/ik/closed_form_ik.h"

#include <Eigen/Geometry>

#include "body/ik/root_triad.h"
#include "body/ik/swing.h"

namespace gyre {
namespace {

using Pairs = std::array<PointPair, kMaxIkNodes>;

Vec3 MeanRest(const IkProblem& problem, const std::vector<int>& aims) {
  Vec3 sum = Vec3::Zero();
  for (const int a : aims) sum += problem.rest.row(a).transpose();
  return sum / static_cast<double>(aims.size());
}

Vec3 MeanTarget(const IkProblem& problem, const std::vector<int>& aims) {
  Vec3 sum = Vec3::Zero();
  for (const int a : aims) sum += Target(problem, a);
  return sum / static_cast<double>(aims.size());
}

Vec3 ToParent(const IkTree& tree, const TreePose& pose, int node, const Vec3& in_world) {
  const int parent = tree.nodes[node].parent;
  return parent < 0 ? in_world : Vec3(pose.world[parent].transpose() * in_world);
}

}  // namespace

// What a swinging node turns where.
struct ClosedFormIk::Aim {
  Vec3 bone;         // at rest
  Vec3 to;           // in world axes, from its origin
  bool from_target;  // whether the origin is its own target, or where it has come to
};

ClosedFormIk::Aim ClosedFormIk::AimOf(const IkProblem& problem, const IkPlan& plan,
                                      const TreePose& pose, int node) const {
  const std::vector<int>& aims = plan.nodes[node].aims;
  Aim aim;
  aim.bone = MeanRest(problem, aims) - problem.rest.row(node).transpose();
  const Vec3 to = MeanTarget(problem, aims);
  aim.to = to - pose.points.row(node).transpose();
  aim.from_target = false;
  if (!plan.known[node]) return aim;
  const Vec3 of_targets = to - Target(problem, node);
  const double length = of_targets.norm();
  const Vec3 scaled =
      length > 0 ? Vec3(of_targets * (aim.bone.norm() / length)) : Vec3(Vec3::Zero());
  if (!options_.adaptive || (aim.to - scaled).norm() > options_.gap) {
    aim.to = of_targets;
    aim.from_target = true;
  }
  return aim;
}

namespace {

// The pairs of an aligned node; their number.
size_t PairsOf(const IkTree& tree, const IkProblem& problem, const IkPlan& plan,
               const TreePose& pose, int node, Pairs* pairs) {
  size_t count = 0;
  for (const int a : plan.nodes[node].aims) {
    (*pairs)[count++] = {
        problem.rest.row(a) - problem.rest.row(node),
        ToParent(tree, pose, node, Target(problem, a) - pose.points.row(node).transpose()), 1};
  }
  return count;
}

bool NaiveRoot(const IkTree& tree, const ClosedFormOptions& options, int node) {
  return node == 0 && !options.adaptive && HasRootTriad(tree);
}

}  // namespace

Mat3 ClosedFormIk::LocalRotation(const IkProblem& problem, const IkPlan& plan, const TreePose& pose,
                                 int node) const {
  const IkPlan::Node& planned = plan.nodes[node];
  if (!planned.moves) return Mat3::Identity();
  if (NaiveRoot(tree_, options_, node)) {
    return RootTriad(tree_, problem);
  }
  if (planned.aligned && planned.aims.size() > 1) {
    Pairs pairs;
    const size_t count = PairsOf(tree_, problem, plan, pose, node, &pairs);
    return AlignDirections({pairs.data(), count});
  }
  const Aim aim = AimOf(problem, plan, pose, node);
  return MakeSwing(aim.bone, ToParent(tree_, pose, node, aim.to),
                   planned.aligned ? 0 : problem.twist[node])
      .rotation;
}

void ClosedFormIk::SolvePose(const IkProblem& problem, const IkPlan& plan, TreePose* pose) const {
  pose->points.resize(tree_.size(), 3);
  for (int k = 0; k < tree_.size(); ++k) {
    Place(tree_, problem, k, pose);
    pose->local[k] = LocalRotation(problem, plan, *pose, k);
    Turn(tree_, k, pose);
  }
}

void ClosedFormIk::Solve(const IkProblem& problem, const IkPlan& plan, IkSolution* solution) const {
  TreePose pose;
  SolvePose(problem, plan, &pose);
  solution->rotations = pose.local;
  solution->joints = pose.points;
  solution->steps = 0;
  solution->error = MeanError(problem, plan, pose.points);
}

void ClosedFormIk::PullSwinging(const IkProblem& problem, const IkPlan& plan, const TreePose& pose,
                                int node, const Vec3& g, TreeCotangents* cotangents,
                                IkGradient* out) const {
  const IkPlan::Node& planned = plan.nodes[node];
  const Aim aim = AimOf(problem, plan, pose, node);
  const Swing swing = MakeSwing(aim.bone, ToParent(tree_, pose, node, aim.to),
                                planned.aligned ? 0 : problem.twist[node]);
  const SwingGradient back = PullSwing(swing, g);
  if (!planned.aligned) out->twist[node] += back.twist;
  const double share = 1 / static_cast<double>(planned.aims.size());
  const int parent = tree_.nodes[node].parent;
  const Vec3 to = parent < 0 ? back.q : Vec3(pose.world[parent] * back.q);
  if (parent >= 0) cotangents->turns[parent] -= aim.to.cross(to);
  for (const int a : planned.aims) {
    cotangents->rest.row(a) += share * back.a.transpose();
    out->target.row(a) += share * to.transpose();
  }
  cotangents->rest.row(node) -= back.a.transpose();
  auto&& origin = aim.from_target ? out->target.row(node) : cotangents->points.row(node);
  origin -= to.transpose();
}

void ClosedFormIk::PullAligned(const IkProblem& problem, const IkPlan& plan, const TreePose& pose,
                               int node, const Vec3& g, TreeCotangents* cotangents,
                               IkGradient* out) const {
  Pairs pairs, back;
  const size_t count = PairsOf(tree_, problem, plan, pose, node, &pairs);
  PullAlignment(pose.local[node], {pairs.data(), count}, g, {back.data(), count});
  const int parent = tree_.nodes[node].parent;
  for (size_t i = 0; i < count; ++i) {
    const int a = plan.nodes[node].aims[i];
    const Vec3 to = parent < 0 ? back[i].to : Vec3(pose.world[parent] * back[i].to);
    if (parent >= 0) {
      cotangents->turns[parent] -= (pose.world[parent] * pairs[i].to).cross(to);
    }
    out->target.row(a) += to.transpose();
    cotangents->points.row(node) -= to.transpose();
    cotangents->rest.row(a) += back[i].from.transpose();
    cotangents->rest.row(node) -= back[i].from.transpose();
  }
}

void ClosedFormIk::PullPose(const IkProblem& problem, const IkPlan& plan, const TreePose& pose,
                            const IkVectors& g, IkGradient* out) const {
  TreeCotangents cotangents(tree_.size());
  for (int k = tree_.size() - 1; k >= 0; --k) {
    const Vec3 local = PullTurn(tree_, pose, k, &cotangents) + g[k];
    const IkPlan::Node& planned = plan.nodes[k];
    if (planned.moves && NaiveRoot(tree_, options_, k)) {
      PullRootTriad(tree_, problem, local, /*to_targets=*/true, out);
    } else if (planned.moves && planned.aligned && planned.aims.size() > 1) {
      PullAligned(problem, plan, pose, k, local, &cotangents, out);
    } else if (planned.moves) {
      PullSwinging(problem, plan, pose, k, local, &cotangents, out);
    }
    PullPlace(tree_, problem, pose, k, &cotangents);
  }
  out->rest += cotangents.rest;
}

IkGradient ClosedFormIk::Pull(const IkProblem& problem, const IkPlan& plan,
                              const IkSolution& solution, const IkVectors& g) const {
  TreePose pose;
  pose.local = solution.rotations;
  PoseTree(tree_, problem, &pose);
  IkGradient out{IkPoints::Zero(tree_.size(), 3), IkPoints::Zero(tree_.size(), 3),
                 IkNumbers::Zero(tree_.size())};
  PullPose(problem, plan, pose, g, &out);
  return out;
}

}  // namespace gyre
