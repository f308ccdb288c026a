// SPDX-License-Identifier: Apache-2.0
// The two parts of the SMPL layer whose derivatives are written by hand.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace gyre {

// World transforms of a kinematic tree. `local` [B,K,3,4] = (R_k | offset to the parent in the
// parent's frame); returns [B,K,3,4] = (G_k | p_k) with
//   G_k = G_parent R_k,  p_k = G_parent offset_k + p_parent         (the root's are its own)
// parents[0] = -1 and parents[k] < k. Neighbours in the list that do not depend on each other are
// computed together. Derivatives, children before parents:
//   dR_k = G_parent^T dG_k,  doffset_k = G_parent^T dp_k
//   dG_parent += dG_k R_k^T + dp_k offset_k^T,  dp_parent += dp_k
at::Tensor KinematicChain(const at::Tensor& local, const std::vector<int64_t>& parents);

// Linear blend skinning. `bones` [B,K,3,4] take rest to posed space, `v_rest` [B,3,V] holds the
// coordinates as planes, `weights` [K,V]; returns [B,3,V] = sum_k w_kv (bones_k [v; 1]).
//   T_v = sum_k w_kv bones_k,  dv_rest = T_v[:,:3]^T dv,  dbones_k = sum_v w_kv dv [v; 1]^T
// Both sums over k and v are matrix products. No derivative with respect to the weights.
at::Tensor Skin(const at::Tensor& bones, const at::Tensor& v_rest, const at::Tensor& weights);

}  // namespace gyre
