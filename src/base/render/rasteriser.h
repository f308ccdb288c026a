// SPDX-License-Identifier: Apache-2.0
// A z-buffer triangle rasteriser in software.
//
// A pixel (u, v), an integer point of the image, belongs to a triangle when it lies inside the
// triangle's projection. Projected vertices are snapped to 1/256 px, and the three edge functions
//   e_i(u, v) = (x_k - x_j)(v - y_j) - (y_k - y_j)(u - x_j),   i, j, k cyclic
// are evaluated in exact integers; a pixel on an edge belongs to the triangle whose top or left
// edge it is. So two triangles that share an edge cover every pixel along it exactly once.
// 1/z is affine in the image, hence interpolated; the nearest surface wins, and of equally near
// ones the first face. Barycentrics are perspective-correct: with the pixel's ray
// d = ((u - c_u) / f, (v - c_v) / f, 1),  b_i ~ d . (p_j x p_k).
//
// One thread, and the same bytes on every run.
#pragma once

#include <cstdint>
#include <vector>

#include "core/camera.h"
#include "core/types.h"

namespace gyre {

struct RasterOptions {
  // Surfaces nearer than this plane (metres) are cut away, and so is all behind the camera.
  double near_m = 0.01;
  // Leaves out faces that turn their back to the camera. The picture of a closed surface seen from
  // outside stays the same and takes half the time; open surfaces lose their inner side.
  bool cull_back_faces = false;
};

// One entry per pixel, row by row.
struct RasterBuffers {
  int width = 0, height = 0;
  std::vector<float> depth_m;                // camera z; infinity where there is no surface
  std::vector<int32_t> face_idx;             // row of `faces`; -1 where there is no surface
  std::vector<Eigen::Vector3f> barycentric;  // of the face's vertices; only where there is one

  int PixelIdx(int u, int v) const { return v * width + u; }
};

// Draws faces [F,3] over vertices [V,3] (camera frame, metres) into width x height pixels. Faces
// with a vertex that is not finite, and faces without area, draw nothing. `buffers` may be used
// again and again; its memory is kept.
void Rasterise(const Points3& vertices, const Faces& faces, const Camera& camera, int width,
               int height, const RasterOptions& options, RasterBuffers* buffers);

}  // namespace gyre
