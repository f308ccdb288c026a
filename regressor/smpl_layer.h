// SPDX-License-Identifier: Apache-2.0
// The body model of body/body_model.h as a differentiable Torch module.
//
// Shape and pose enter through one affine map of the feature f = (betas, R_1 - I, ..., R_23 - I):
//   v_rest = v_template + D f
// Joints never touch a vertex. With the pairs (n,k) of joint n and a bone k that moves it,
//   x_n = sum_k G_k q_nk(f) + W_nk p_k,             q_nk affine in f        (body/kinematics.h)
// The kinematic chain and the vertices have derivatives written by hand (smpl_functions.h); Torch's
// own graph would keep and walk hundreds of small tensors, and a 4x4 matrix per vertex. Second
// derivatives are not available.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <vector>

#include "body/body_model.h"

namespace gyre {

struct MeshBlocks;

struct SmplOutput {
  at::Tensor joints24;  // [B,24,3] kinematic joints, metres
  at::Tensor joints49;  // [B,49,3] SPIN's joints
  at::Tensor vertices;  // [B,V,3]; undefined unless asked for
};

class SmplLayerImpl : public torch::nn::Module {
 public:
  // Buffers are float32, or float64 with `dtype` = at::kDouble; to(device) moves them.
  explicit SmplLayerImpl(const BodyModel& model, at::ScalarType dtype = at::kFloat);

  // rotmats [B,24,3,3] (root first), betas [B,10] -> positions without translation. Entries of
  // rotmats are free: they need not be rotations.
  SmplOutput forward(const at::Tensor& rotmats, const at::Tensor& betas,
                     bool with_vertices = false) const;

  int64_t num_vertices() const { return num_vertices_; }

 private:
  int64_t num_vertices_;
  std::vector<int64_t> parents_;
  at::Tensor parent_idx_;                           // [23] of joints 1..23
  at::Tensor rest_joints_mean_, rest_joints_dirs_;  // [1,72], [10,72]
  at::Tensor folded_mean_, folded_dirs_;            // [1,3P], [217,3P]
  at::Tensor pair_bone_, pair_sum_, bone_weights_;  // [P], [49,P], [49,24]
  at::Tensor v_mean_, v_dirs_, skin_weights_;       // [1,3V], [217,3V] planes x, y, z; [24,V]
  std::shared_ptr<const MeshBlocks> mesh_;          // the same for the CPU's kernels
};
TORCH_MODULE(SmplLayer);

}  // namespace gyre
