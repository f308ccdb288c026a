// SPDX-License-Identifier: Apache-2.0
// The parts of the body layer whose derivatives are written by hand.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/types.h"
#include "regressor/layers/mesh_kernels.h"

namespace gyre {

// World transforms of a kinematic tree. `local` [B,K,3,4] = (R_k | offset to the parent in the
// parent's frame); returns [B,K,3,4] = (G_k | p_k) with
//   G_k = G_parent R_k,  p_k = G_parent offset_k + p_parent         (the root's are its own)
// parents[0] = -1 and parents[k] < k. Computed on the CPU, wherever the tensors are: so small a
// work takes longer to hand out than to do. Derivatives, children before parents:
//   dR_k = G_parent^T dG_k,  doffset_k = G_parent^T dp_k
//   dG_parent += dG_k R_k^T + dp_k offset_k^T,  dp_parent += dp_k
at::Tensor KinematicChain(const at::Tensor& local, const std::vector<int64_t>& parents);

// Linear blend skinning. `bones` [B,K,3,4] take rest to posed space, `v_rest` [B,3,V] holds the
// coordinates as planes, `weights` [K,V]; returns [B,3,V] = sum_k w_kv (bones_k [v; 1]).
//   T_v = sum_k w_kv bones_k,  dv_rest = T_v[:,:3]^T dv,  dbones_k = sum_v w_kv dv [v; 1]^T
// Both sums over k and v are matrix products. No derivative with respect to the weights.
at::Tensor Skin(const at::Tensor& bones, const at::Tensor& v_rest, const at::Tensor& weights);

// A mesh as mesh_kernels.h has it, of mean [1,3V] and dirs [F,3V] in planes x, y, z, and weights
// [K,V].
struct MeshBlocks {
  MeshBlocks(const RowMatX& mean, const RowMatX& dirs, const RowMatX& weights);
  MeshTable Table() const;

  int num_features, num_bones;
  std::vector<float> mean, dirs, weights;
  std::vector<int32_t> dirs_begin, dirs_feature, weights_begin, weights_bone;
};

// Whether PosedMesh can be had: float32 on a CPU that its kernels are built for.
bool HasMeshKernels(const at::Tensor& feature);

// Skin(bones, v_mean + feature v_dirs) in one pass, for feature [B,F] and bones [B,K,3,4]: [B,3,V
// rounded up to whole blocks].
at::Tensor PosedMesh(const at::Tensor& feature, const at::Tensor& bones,
                     const std::shared_ptr<const MeshBlocks>& mesh);

}  // namespace gyre
