// SPDX-License-Identifier: Apache-2.0
// A body (body/body_model.h) as a differentiable Torch module, for any layout: J joints, S numbers
// of shape (betas, then expression).
//
// Shape and pose enter through one affine map of the feature f = (shape, R_1 - I, ..., R_{J-1} - I):
//   v_rest = v_template + D f
// Joints never touch a vertex. With the pairs (n,k) of joint n and a bone k that moves it,
//   x_n = sum_k G_k q_nk(f) + W_nk p_k,             q_nk affine in f        (body/kinematics.h)
// The kinematic chain and the vertices have derivatives written by hand (body_functions.h); Torch's
// own graph would keep and walk hundreds of small tensors, and a 4x4 matrix per vertex. Second
// derivatives are not available.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <vector>

#include "body/body_model.h"
#include "body/joints.h"

namespace gyre {

struct MeshBlocks;

// Metres, without translation.
struct BodyPoints {
  at::Tensor kinematic;  // [B,J,3] the layout's joints
  at::Tensor joints;     // [B,N,3] the set's; zero where the body has no such joint
  at::Tensor vertices;   // [B,V,3]; undefined unless asked for
};

class BodyLayerImpl : public torch::nn::Module {
 public:
  // Buffers are float32, or float64 with `dtype` = at::kDouble; to(device) moves them.
  explicit BodyLayerImpl(const BodyModel& model, const KeypointSet& set = SpinJoints(),
                         at::ScalarType dtype = at::kFloat);

  // rotations [B,J,3,3] (root first), shape [B,S]. Entries of the rotations are free: they need not
  // be rotations.
  BodyPoints forward(const at::Tensor& rotations, const at::Tensor& shape,
                     bool with_vertices = false) const;

  // The set's joints [B,N,3] of any mesh of this body [B,V,3]: kinematic ones by the regressor that
  // gives the rest pose's, which of a posed body are near them. Zero where the body has none.
  at::Tensor JointsOfMesh(const at::Tensor& vertices) const;

  int64_t num_joints() const { return static_cast<int64_t>(parents_.size()); }
  int64_t num_shape() const { return num_shape_; }
  int64_t num_vertices() const { return num_vertices_; }
  const KeypointSet& set() const { return set_; }
  // Positions in the set of the joints that the body does not have (body/joints.h: HasJoint).
  const std::vector<int>& missing() const { return missing_; }

 private:
  // The affine maps from feature to the rest pose's joints, to the pairs and to the vertices.
  void AddRestJoints(const RestJoints& rest, at::ScalarType dtype);
  void AddPairs(const BodyModel& model, const RestJoints& rest, at::ScalarType dtype);
  void AddMesh(const BodyModel& model, at::ScalarType dtype);
  void AddJointsOfMesh(const BodyModel& model, at::ScalarType dtype);

  const KeypointSet& set_;
  std::vector<int> missing_;
  int64_t num_vertices_, num_shape_;
  std::vector<int64_t> parents_;
  at::Tensor parent_idx_;                           // [J-1] of joints 1..J-1
  at::Tensor rest_joints_mean_, rest_joints_dirs_;  // [1,3J], [S,3J]
  at::Tensor folded_mean_, folded_dirs_;            // [1,3P], [F,3P]
  at::Tensor pair_bone_, pair_sum_, bone_weights_;  // [P], [N,P], [N,J]
  at::Tensor v_mean_, v_dirs_, skin_weights_;       // [1,3V], [F,3V] planes x, y, z; [J,V]
  at::Tensor joints_of_mesh_;                       // [N,V]
  std::shared_ptr<const MeshBlocks> mesh_;          // the same for the CPU's kernels
};
TORCH_MODULE(BodyLayer);

}  // namespace gyre
