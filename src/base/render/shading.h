// SPDX-License-Identifier: Apache-2.0
// Shaded pictures of triangle meshes.
//
// Diffuse (Lambert) shading with hemisphere ambient light, in linear light:
//   radiance = albedo * (ground + (sky - ground) (1 + n . up) / 2 + sum_l colour_l max(0, n . l))
// n is the smooth normal, interpolated over the face and turned towards the camera. Colours are
// sRGB at every interface (numbers in [0, 1], order red green blue; pictures CV_8UC3, BGR) and
// linear inside. No shadows are cast.
#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

#include "core/camera.h"
#include "core/types.h"

namespace gyre {

// Unit normals [V,3] of vertices: the mean of the surrounding faces' normals weighted by area,
// outward for faces counter-clockwise seen from outside. Zero for a vertex of no face.
Points3 VertexNormals(const Points3& vertices, const Faces& faces);

struct DirectionalLight {
  Vec3 towards_light = {0, 0, -1};      // camera frame; any length
  Vec3 radiance = Vec3::Constant(0.6);  // linear, red green blue
};

struct Lighting {
  Vec3 up = {0, -1, 0};                // camera frame: where `sky` comes from
  Vec3 sky = Vec3::Constant(0.45);     // linear ambient light from above
  Vec3 ground = Vec3::Constant(0.22);  // and from below
  std::vector<DirectionalLight> lights = {{{-0.5, -0.8, -1.0}, Vec3::Constant(0.62)}};
};

// What colour the surface has: one row of `rgb` for all of it, or a row per vertex or per face.
struct Paint {
  enum class Per { kMesh, kVertex, kFace };
  Per per = Per::kMesh;
  Points3 rgb = Points3::Constant(1, 3, 0.8);  // sRGB in [0, 1]
  // Of each vertex in [0, 1], times RenderOptions::opacity: the background shows through. It hides
  // what is behind it all the same. Empty: 1.
  VecX opacity;

  static Paint Uniform(const Vec3& rgb);
  static Paint PerVertex(Points3 rgb);
  static Paint PerFace(Points3 rgb);
};

struct RenderOptions {
  Lighting lighting;
  int supersample = 2;  // n x n samples a pixel, averaged in linear light; 1: jagged and fast
  double opacity = 1;   // of the whole mesh over the background
  bool cull_back_faces = false;  // see RasterOptions
};

// Draws the mesh (camera frame, metres) over `background` (CV_8UC3). Pixels without mesh keep their
// bytes. `coverage`, when asked for, receives the share of each pixel that the mesh covers
// (CV_32FC1 in [0, 1]).
cv::Mat RenderMesh(const cv::Mat& background, const Points3& vertices, const Faces& faces,
                   const Camera& camera, const Paint& paint, const RenderOptions& options,
                   cv::Mat* coverage = nullptr);

}  // namespace gyre
