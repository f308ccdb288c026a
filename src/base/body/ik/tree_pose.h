// SPDX-License-Identifier: Apache-2.0
// Where the nodes of a tree stand for given rotations, and back.
//   W_k = W_parent R_k,  p_k = p_parent + W_parent (rest_k - rest_parent),  p_root = 0
#pragma once

#include "body/ik/inverse_kinematics.h"

namespace gyre {

struct TreePose {
  IkRotations local, world;
  IkPoints points;
};

inline Vec3 Bone(const IkTree& tree, const IkProblem& problem, int node) {
  return problem.rest.row(node) - problem.rest.row(tree.nodes[node].parent);
}

// About the root.
inline Vec3 Target(const IkProblem& problem, int node) {
  return problem.target.row(node) - problem.target.row(0);
}

// World rotation and place of a node from its parent's, once its local rotation is known; the place
// needs no rotation of its own.
inline void Place(const IkTree& tree, const IkProblem& problem, int node, TreePose* pose) {
  const int parent = tree.nodes[node].parent;
  if (parent < 0) {
    pose->points.row(node).setZero();
  } else {
    pose->points.row(node) =
        pose->points.row(parent) + (pose->world[parent] * Bone(tree, problem, node)).transpose();
  }
}
inline void Turn(const IkTree& tree, int node, TreePose* pose) {
  const int parent = tree.nodes[node].parent;
  if (parent < 0) {
    pose->world[node] = pose->local[node];
  } else {
    pose->world[node].noalias() = pose->world[parent] * pose->local[node];
  }
}

// The places, of local rotations.
void PoseTree(const IkTree& tree, const IkProblem& problem, TreePose* pose);

// What is handed from the children of a node to it while derivatives are pulled back.
struct TreeCotangents {
  explicit TreeCotangents(int nodes)
      : points(IkPoints::Zero(nodes, 3)), rest(IkPoints::Zero(nodes, 3)) {
    turns.fill(Vec3::Zero());
  }
  IkPoints points;  // of the places
  IkVectors turns;  // of the world rotations: of their left increments, in world axes
  IkPoints rest;
};
// Pulls a node's place back to its parent and the rest pose; and its world rotation to its
// parent's, which gives the gradient of its local one's left increment.
void PullPlace(const IkTree& tree, const IkProblem& problem, const TreePose& pose, int node,
               TreeCotangents* cotangents);
Vec3 PullTurn(const IkTree& tree, const TreePose& pose, int node, TreeCotangents* cotangents);

// IkSolution::error.
double MeanError(const IkProblem& problem, const IkPlan& plan, const IkPoints& points);

}  // namespace gyre
