// SPDX-License-Identifier: Apache-2.0
// Vertices of posed bodies and their derivatives, each in one pass over the mesh, float32:
//   rest_v = mean_v + sum_f dirs_fv feature_f      (see body_layer.h)
//   v = T_v [rest_v; 1],  T_v = sum_k weight_kv bone_k
// The mesh is cut into blocks of kMeshBlock vertices in file order, and a block holds only the
// features and bones that move one of its vertices. A matrix product would read and multiply with
// many zeros, and write T_v to memory. Built for x86-64-v3 (AVX2, FMA) where there is such a thing.
#pragma once

#include <cstdint>

namespace gyre {

inline constexpr int kMeshBlock = 8;
inline constexpr int kMeshBodies = 4;  // that are computed together; where a range should begin
inline constexpr int kMaxMeshFeatures = 600, kMaxMeshBones = 64;

// Entries [begin[b], begin[b+1]) are block b's. Coordinates are planes: x of a block's vertices, y,
// z. What stands past the last vertex is zero.
struct MeshTable {
  int num_blocks, num_features, num_bones;
  const float* mean;          // [num_blocks,3,kMeshBlock]
  const int32_t* dirs_begin;  // [num_blocks+1]
  const int32_t* dirs_feature;
  const float* dirs;             // [entries,3,kMeshBlock]
  const int32_t* weights_begin;  // [num_blocks+1]
  const int32_t* weights_bone;
  const float* weights;  // [entries,kMeshBlock]
};

// Of the bodies [begin, end): features [B,num_features] and bones [B,num_bones,3,4], which take rest
// to posed space, give rest and vertices [B,3,num_blocks,kMeshBlock].
void PoseMesh(const MeshTable& mesh, int64_t begin, int64_t end, const float* features,
              const float* bones, float* rest, float* vertices);
// From the gradient of the vertices, zero past the last one, that of features and bones.
void PoseMeshBackward(const MeshTable& mesh, int64_t begin, int64_t end, const float* bones,
                      const float* rest, const float* d_vertices, float* d_features,
                      float* d_bones);

}  // namespace gyre
