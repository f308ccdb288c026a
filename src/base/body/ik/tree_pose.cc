// SPDX-License-Identifier: Apache-2.0
#include "body/ik/tree_pose.h"

#include <Eigen/Geometry>

namespace gyre {

void PoseTree(const IkTree& tree, const IkProblem& problem, TreePose* pose) {
  pose->points.resize(tree.size(), 3);
  for (int k = 0; k < tree.size(); ++k) {
    Place(tree, problem, k, pose);
    Turn(tree, k, pose);
  }
}

void PullPlace(const IkTree& tree, const IkProblem& problem, const TreePose& pose, int node,
               TreeCotangents* cotangents) {
  const int parent = tree.nodes[node].parent;
  if (parent < 0) return;
  const Vec3 g = cotangents->points.row(node);
  const Vec3 bone = pose.world[parent] * Bone(tree, problem, node);
  cotangents->points.row(parent) += g.transpose();
  cotangents->turns[parent] += bone.cross(g);
  const Vec3 in_rest = pose.world[parent].transpose() * g;
  cotangents->rest.row(node) += in_rest.transpose();
  cotangents->rest.row(parent) -= in_rest.transpose();
}

Vec3 PullTurn(const IkTree& tree, const TreePose& pose, int node, TreeCotangents* cotangents) {
  const int parent = tree.nodes[node].parent;
  const Vec3 turn = cotangents->turns[node];
  if (parent < 0) return turn;
  cotangents->turns[parent] += turn;
  return pose.world[parent].transpose() * turn;
}

double MeanError(const IkProblem& problem, const IkPlan& plan, const IkPoints& points) {
  double sum = 0;
  int count = 0;
  for (int k = 1; k < static_cast<int>(points.rows()); ++k) {
    if (!plan.known[k]) continue;
    sum += (points.row(k).transpose() - Target(problem, k)).norm();
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace gyre
