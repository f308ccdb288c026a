// SPDX-License-Identifier: Apache-2.0
// Inverse kinematics: the rotations of a body's joints from where the joints are in space, its
// shape, and the twist of each bone, which no position tells; and the derivative of that map, so
// that a network can be taught through it. Sources: HybrIK (Li et al. 2021), IKOL (Zhang et al.
// 2023). Double precision, no state: threads may share a solver.
//
// A rotation depends on what it is solved from by left increments, R -> Exp(w) R. A gradient of
// rotations is given as g = dL/dw per node, in the axes of its parent; Vee2 (swing.h) makes it of
// dL/dR.
#pragma once

#include <memory>
#include <vector>

#include "body/ik/ik_options.h"
#include "body/ik/ik_tree.h"

namespace gyre {

// Of one body. Metres, radians.
struct IkProblem {
  IkPoints rest;    // [N,3] the nodes in the rest pose of its shape
  IkPoints target;  // [N,3] where they should be; the root's place is the origin
  IkNumbers twist;  // [N] of each node about the bone to the node that it swings
};

// [N] each; of nodes that are not known, or are ends, the rotation is the identity.
struct IkSolution {
  IkRotations rotations;  // local: parent's axes from the node's
  IkPoints joints;        // where the nodes came to, about the root
  int steps = 0;
  double error = 0;  // mean distance of known nodes but the root to their targets, metres
};

struct IkGradient {
  IkPoints rest, target;
  IkNumbers twist;
};

using IkVectors = std::array<Vec3, kMaxIkNodes>;

// A way to find rotations.
class IkSolver {
 public:
  virtual ~IkSolver() = default;
  virtual void Solve(const IkProblem& problem, const IkPlan& plan, IkSolution* solution) const = 0;
  // The gradient of sum_k g_k.w_k at the solution; entries of nodes that do not move count for
  // nothing.
  virtual IkGradient Pull(const IkProblem& problem, const IkPlan& plan, const IkSolution& solution,
                          const IkVectors& g) const = 0;
};

class InverseKinematics {
 public:
  // IKOL as published knows no unknown joints. UserError where an option cannot be.
  InverseKinematics(const BodyModel& model, const IkOptions& options,
                    std::span<const IkEnd> ends = {});

  const IkTree& tree() const { return tree_; }
  const IkOptions& options() const { return options_; }
  // All nodes known.
  const IkPlan& plan() const { return plan_; }

  // `training`: as IKOL and HybrIK solve in training; of the other methods it is the same.
  void Solve(const IkProblem& problem, const IkPlan& plan, bool training,
             IkSolution* solution) const;
  IkGradient Pull(const IkProblem& problem, const IkPlan& plan, const IkSolution& solution,
                  const IkVectors& g, bool training) const;

 private:
  IkOptions options_;
  IkTree tree_;
  IkPlan plan_;
  std::unique_ptr<const IkSolver> in_training_, in_use_;
};

}  // namespace gyre
