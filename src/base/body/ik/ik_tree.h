// SPDX-License-Identifier: Apache-2.0
// The tree that inverse kinematics is solved on: a body's joints, and points at the ends of its
// limbs where rotations of the last joints are to be found too. A node that bears nothing is an
// end: no point tells its rotation. One that bears one node swings: the direction of that bone
// tells its rotation but for the twist about it. One that bears several is aligned with them.
#pragma once

#include <Eigen/Core>
#include <array>
#include <span>
#include <vector>

#include "body/body_model.h"
#include "body/ik/ik_options.h"
#include "core/types.h"

namespace gyre {

inline constexpr int kMaxIkNodes = kMaxJoints + 8;

// Of the nodes of a tree, without a heap.
using IkPoints = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor, kMaxIkNodes, 3>;
using IkNumbers = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, kMaxIkNodes, 1>;
using IkRotations = std::array<Mat3, kMaxIkNodes>;

enum class IkNodeKind { kEnd, kSwing, kAligned };

struct IkNode {
  int parent = -1;  // before the node
  std::vector<int> children;
  IkNodeKind kind = IkNodeKind::kEnd;
  int main_child = -1;  // on the midline if there is one; -1 of an end
};

// A vertex that a joint bears, as HybrIK has them on head, hands and feet.
struct IkEnd {
  int joint, vertex;
};

struct IkTree {
  // The layout's joints first, then `ends`. Throws where there are more than kMaxIkNodes.
  IkTree(const BodyModel& model, IkBranches branches, std::span<const IkEnd> ends = {});

  std::vector<IkNode> nodes;
  Points3 mean;  // [N,3] in the rest pose of the mean shape, metres
  RowMatX dirs;  // [3N,S] by the shape, row 3 i + axis

  int size() const { return static_cast<int>(nodes.size()); }
  IkPoints RestAt(const Eigen::Ref<const VecX>& shape) const;
};

// Which entries a matrix over the unknowns of a tree has, see tree_matrix.h. Row i has those with
// the unknowns above it, from the root down, and the diagonal behind them.
struct TreePattern {
  std::vector<int> start;  // of row i among all entries
  std::vector<int> depth;  // of unknown i: how many stand above it
  std::vector<int> above;  // above[start[i] + t]: the unknown above i at depth t; then i itself

  int size() const { return static_cast<int>(start.size()); }
  void Append(std::span<const int> all_above);
};

// Of each joint of a layout the child on the midline, else its first; -1 of joints without any.
std::vector<int> MainChildren(const BodyLayout& layout);

// What every node of a tree looks at where only some of the points are known.
struct IkPlan {
  // `known` [N]; empty: all. The root has to be.
  explicit IkPlan(const IkTree& tree, std::span<const bool> known = {});

  struct Node {
    std::vector<int> aims;   // the nearest known nodes below it: its children where they are known
    bool moves = false;      // whether its rotation is found; else it stays at rest
    bool aligned = false;    // in three directions, or two
    int first = 0;           // of its unknowns
    std::vector<int> above;  // the moving nodes above it, the root first

    int unknowns() const { return !moves ? 0 : aligned ? 3 : 2; }
  };
  std::vector<Node> nodes;
  std::vector<bool> known;
  int unknowns = 0;
  TreePattern pattern;
};

}  // namespace gyre
