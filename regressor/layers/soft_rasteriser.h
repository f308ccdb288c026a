// SPDX-License-Identifier: Apache-2.0
// Silhouettes and part maps of meshes, differentiable with respect to vertices and cameras: what
// mesh_coverage.h computes of
//   pixel = focal_px * (X, Y) / Z + center_px,    (X, Y, Z) = vertex + translation
// Of one class the map is the silhouette. Gradients are those of the forward pass, exactly, where
// it has any: not where a face is seen edge-on, or where a contour runs along a pixel's border.
//
// The coverage is computed on the CPU, a body a thread, in double precision; projected vertices of
// another device go there and maps come back. Nothing is kept but the projected vertices and the
// maps: memory is linear in the batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/types.h"
#include "regressor/layers/mesh_coverage.h"

namespace gyre {

// Where meshes are seen: [B,3] metres in the camera's axes; [B] and [B,2], pixels of the picture.
struct MeshCameras {
  at::Tensor translation, focal_px, center_px;
};

class SoftRasteriser {
 public:
  // `class_of_face` [F]; empty: all are one class.
  SoftRasteriser(const Faces& faces, int64_t num_vertices, std::vector<uint8_t> class_of_face = {});

  // vertices [B,V,3] in camera axes, metres, without translation -> [B,K,size,size] in [0,1], of
  // their type and device. Second derivatives are not available.
  at::Tensor forward(const at::Tensor& vertices, const MeshCameras& cameras,
                     const CoverageOptions& options) const;

  int num_classes() const { return mesh_->num_classes; }

 private:
  std::shared_ptr<const CoverageMesh> mesh_;
};

}  // namespace gyre
