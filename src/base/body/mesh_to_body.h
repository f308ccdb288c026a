// SPDX-License-Identifier: Apache-2.0
// The body that a mesh shows: parameters from the places of a model's vertices, such as a network
// that says meshes gives.
//
// First in closed form, down the tree. With the rest pose's vertices s_v of the shape so far, their
// skin weights w_vk and the mesh's x_v, joint k turns in space by
//   G_k = argmin over rotations of sum_v w_vk^2 |G (s_v - s) - (x_v - x)|^2,  s, x: weighted means
// (Procrustes; joints whose vertices do not say it turn with their parents), R_k = G_parent(k)^T
// G_k. Given the rotations the vertices are linear in shape and translation, which least squares
// then gives; twice, since the first rotations knew the mean shape only. Then Levenberg-Marquardt
// on everything at once:
//   sum_v |v(pose, shape, translation) - x_v|^2 + ridge^2 (|pose|^2 + |shape|^2)
#pragma once

#include <span>
#include <vector>

#include "body/kinematics.h"
#include "solve/solver.h"

namespace gyre {

struct MeshToBodyOptions {
  int max_iterations = 30;           // 0: the closed form alone
  double function_tolerance = 1e-6;  // see SolverOptions
  // Metres by which vertices weigh a radian, and a unit of shape: tells what they leave open.
  double ridge_m = 1e-3;
};

// What a mesh was read as.
struct BodyOfMesh {
  BodyParams params;
  double rms_m = 0;  // distance that is left per vertex, root of the mean square
  SolverResult solver;
};

// Immutable, shared between threads.
class MeshToBody {
 public:
  // From the places of these vertices of the model.
  MeshToBody(const BodyModel& model, std::span<const int> vertices,
             const MeshToBodyOptions& options = {});

  int num_vertices() const { return folded_.size(); }
  // `mesh` [N,3] metres in any frame, in the order of the vertices; finite. The pose's root and the
  // translation lead from the body's frame to the mesh's.
  BodyOfMesh Solve(const Points3& mesh) const;

 private:
  struct Part {               // the vertices that a joint carries
    std::vector<int> places;  // in the order given
    std::vector<double> weights;
  };

  void TurnJoints(const Points3& mesh, BodyParams* params) const;
  void SetShape(const Points3& mesh, BodyParams* params) const;

  MeshToBodyOptions options_;
  FoldedJoints folded_;
  std::vector<int> parents_;
  Points3 rest_;             // [N,3]
  RowMatX rest_dirs_;        // [3N,S]
  std::vector<Part> parts_;  // of each joint
};

}  // namespace gyre
