// SPDX-License-Identifier: Apache-2.0
#include "render/rasteriser.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

constexpr int kSubpixelBits = 8;
constexpr int64_t kSubpixels = int64_t{1} << kSubpixelBits;
// Projections farther out than this are clipped first, which keeps every product below 2^63.
constexpr double kGuardPx = 1 << 20;

// A projected vertex: snapped position in subpixels, and 1 / z.
struct ScreenVertex {
  int64_t x = 0, y = 0;
  float inverse_depth = 0;
  bool drawable = false;  // finite, beyond the near plane and inside the guard band
};

// The half-space normal . p >= offset of the camera frame.
struct ClipPlane {
  Vec3 normal;
  double offset;
  double Distance(const Vec3& p) const { return normal.dot(p) - offset; }
};

// Sutherland-Hodgman: a convex polygon cut by up to five planes.
struct Polygon {
  std::array<Vec3, 8> points;
  int size = 0;
  void Add(const Vec3& p) { points[size++] = p; }
};

Polygon Clip(const Polygon& polygon, const ClipPlane& plane) {
  Polygon result;
  for (int i = 0; i < polygon.size; ++i) {
    const Vec3& a = polygon.points[i];
    const Vec3& b = polygon.points[(i + 1) % polygon.size];
    const double distance_a = plane.Distance(a), distance_b = plane.Distance(b);
    if (distance_a >= 0) result.Add(a);
    if ((distance_a >= 0) != (distance_b >= 0)) {
      // Always from the inner end to the outer one: both faces of an edge get the same point.
      const bool a_inside = distance_a >= 0;
      const Vec3& inner = a_inside ? a : b;
      const Vec3& outer = a_inside ? b : a;
      const double inner_distance = a_inside ? distance_a : distance_b;
      const double outer_distance = a_inside ? distance_b : distance_a;
      result.Add(inner + inner_distance / (inner_distance - outer_distance) * (outer - inner));
    }
  }
  return result;
}

int64_t CeilToPixel(int64_t subpixels) { return (subpixels + kSubpixels - 1) >> kSubpixelBits; }
int64_t FloorToPixel(int64_t subpixels) { return subpixels >> kSubpixelBits; }

// Edge a -> b of a triangle whose inside has positive edge functions: value less `bias`, and steps.
struct Edge {
  int64_t value, step_u, step_v;
  int64_t bias;  // 1 where pixels exactly on the edge belong to the neighbour, else 0

  Edge(const ScreenVertex& a, const ScreenVertex& b, int64_t u, int64_t v) {
    const int64_t dx = b.x - a.x, dy = b.y - a.y;
    value = dx * (v * kSubpixels - a.y) - dy * (u * kSubpixels - a.x);
    step_u = -dy * kSubpixels;
    step_v = dx * kSubpixels;
    // With y down and a positive inside, the interior lies below a top edge (dx > 0) and to the
    // right of a left edge (dy < 0).
    const bool top_or_left = dy < 0 || (dy == 0 && dx > 0);
    bias = top_or_left ? 0 : 1;
    value -= bias;
  }
};

class Painter {
 public:
  Painter(const Camera& camera, const RasterOptions& options, RasterBuffers* buffers)
      : camera_(camera), options_(options), buffers_(*buffers) {
    const double f = camera.focal_px;
    const Vec2& c = camera.center_px;
    planes_ = {{{{0, 0, 1}, options.near_m},
                {{f, 0, kGuardPx + c.x()}, 0},
                {{-f, 0, kGuardPx - c.x()}, 0},
                {{0, f, kGuardPx + c.y()}, 0},
                {{0, -f, kGuardPx - c.y()}, 0}}};
  }

  ScreenVertex Project(const Vec3& p) const {
    ScreenVertex result;
    if (!p.allFinite() || p.z() < options_.near_m) return result;
    const Vec2 pixel = camera_.Project(p);
    if (!(pixel.cwiseAbs().maxCoeff() <= kGuardPx)) return result;
    return Snap(pixel, p.z());
  }

  void DrawFace(int32_t face, const ScreenVertex& a, const ScreenVertex& b, const ScreenVertex& c) {
    const int64_t area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if (area == 0) return;
    // Counter-clockwise on the screen, hence facing us, is negative where y points down.
    if (area < 0) {
      FillTriangle(face, a, c, b, -area);
    } else if (!options_.cull_back_faces) {
      FillTriangle(face, a, b, c, area);
    }
  }

  // The slow path: a face that crosses the near plane or leaves the guard band.
  void ClipAndDrawFace(int32_t face, const Vec3& a, const Vec3& b, const Vec3& c) {
    if (!a.allFinite() || !b.allFinite() || !c.allFinite()) return;
    Polygon polygon;
    for (const Vec3* p : {&a, &b, &c}) polygon.Add(*p);
    for (const ClipPlane& plane : planes_) polygon = Clip(polygon, plane);
    if (polygon.size < 3) return;
    std::array<ScreenVertex, 8> corners;
    for (int i = 0; i < polygon.size; ++i) {
      const Vec3& p = polygon.points[i];
      corners[i] = Snap(camera_.Project(p), p.z());
    }
    for (int i = 2; i < polygon.size; ++i) DrawFace(face, corners[0], corners[i - 1], corners[i]);
  }

 private:
  static ScreenVertex Snap(const Vec2& pixel, double depth) {
    return {std::llrint(pixel.x() * kSubpixels), std::llrint(pixel.y() * kSubpixels),
            static_cast<float>(1 / depth), true};
  }

  // Corners in the order that makes `area` (twice the triangle's) and all edge functions positive.
  void FillTriangle(int32_t face, const ScreenVertex& a, const ScreenVertex& b,
                    const ScreenVertex& c, int64_t area) {
    const int64_t u_begin = std::max<int64_t>(0, CeilToPixel(std::min({a.x, b.x, c.x})));
    const int64_t v_begin = std::max<int64_t>(0, CeilToPixel(std::min({a.y, b.y, c.y})));
    const int64_t u_last =
        std::min<int64_t>(buffers_.width - 1, FloorToPixel(std::max({a.x, b.x, c.x})));
    const int64_t v_last =
        std::min<int64_t>(buffers_.height - 1, FloorToPixel(std::max({a.y, b.y, c.y})));
    if (u_begin > u_last || v_begin > v_last) return;

    Edge bc(b, c, u_begin, v_begin), ca(c, a, u_begin, v_begin), ab(a, b, u_begin, v_begin);
    const float scale = 1 / static_cast<float>(area);
    const float weight_a = a.inverse_depth * scale, weight_b = b.inverse_depth * scale,
                weight_c = c.inverse_depth * scale;
    for (int64_t v = v_begin; v <= v_last; ++v) {
      int64_t e_a = bc.value, e_b = ca.value, e_c = ab.value;
      float* depth = buffers_.depth_m.data() + v * buffers_.width;
      int32_t* face_idx = buffers_.face_idx.data() + v * buffers_.width;
      for (int64_t u = u_begin; u <= u_last; ++u) {
        if ((e_a | e_b | e_c) >= 0) {
          const float inverse_depth = static_cast<float>(e_a + bc.bias) * weight_a +
                                      static_cast<float>(e_b + ca.bias) * weight_b +
                                      static_cast<float>(e_c + ab.bias) * weight_c;
          if (inverse_depth > depth[u]) {
            depth[u] = inverse_depth;
            face_idx[u] = face;
          }
        }
        e_a += bc.step_u;
        e_b += ca.step_u;
        e_c += ab.step_u;
      }
      bc.value += bc.step_v;
      ca.value += ca.step_v;
      ab.value += ab.step_v;
    }
  }

  const Camera& camera_;
  const RasterOptions& options_;
  RasterBuffers& buffers_;  // depth_m holds 1 / z until all faces are drawn
  std::array<ClipPlane, 5> planes_;
};

// Where the pixel's ray meets the face's plane. Snapping may have given the face a pixel just
// beyond its edge, so weights are kept in [0, 1].
Eigen::Vector3f Barycentric(const Vec3& ray, const Vec3& a, const Vec3& b, const Vec3& c) {
  Vec3 weights(ray.dot(b.cross(c)), ray.dot(c.cross(a)), ray.dot(a.cross(b)));
  if (weights.sum() < 0) weights = -weights;
  weights = weights.cwiseMax(0);
  const double sum = weights.sum();
  if (!(sum > 0)) return Eigen::Vector3f::Constant(1.0f / 3);
  return (weights / sum).cast<float>();
}

void ResolveBarycentrics(const Points3& vertices, const Faces& faces, const Camera& camera,
                         RasterBuffers* buffers) {
  const double inverse_focal = 1 / camera.focal_px;
  for (int v = 0; v < buffers->height; ++v) {
    for (int u = 0; u < buffers->width; ++u) {
      const int pixel = buffers->PixelIdx(u, v);
      const int face = buffers->face_idx[pixel];
      if (face < 0) {
        buffers->depth_m[pixel] = std::numeric_limits<float>::infinity();
        continue;
      }
      const Vec3 ray((u - camera.center_px.x()) * inverse_focal,
                     (v - camera.center_px.y()) * inverse_focal, 1);
      buffers->depth_m[pixel] = 1 / buffers->depth_m[pixel];
      buffers->barycentric[pixel] =
          Barycentric(ray, vertices.row(faces(face, 0)), vertices.row(faces(face, 1)),
                      vertices.row(faces(face, 2)));
    }
  }
}

}  // namespace

void Rasterise(const Points3& vertices, const Faces& faces, const Camera& camera, int width,
               int height, const RasterOptions& options, RasterBuffers* buffers) {
  GYRE_CHECK(width > 0 && height > 0 && width <= (1 << 15) && height <= (1 << 15),
             "image of {} x {} pixels", width, height);
  GYRE_CHECK(camera.focal_px > 0 && camera.center_px.allFinite() && options.near_m > 0);
  GYRE_CHECK(faces.size() == 0 || (faces.minCoeff() >= 0 && faces.maxCoeff() < vertices.rows()));
  const size_t pixels = static_cast<size_t>(width) * height;
  buffers->width = width;
  buffers->height = height;
  buffers->depth_m.assign(pixels, 0);
  buffers->face_idx.assign(pixels, -1);
  buffers->barycentric.resize(pixels);

  Painter painter(camera, options, buffers);
  std::vector<ScreenVertex> projected(vertices.rows());
  for (Eigen::Index i = 0; i < vertices.rows(); ++i) {
    projected[i] = painter.Project(vertices.row(i));
  }
  for (int32_t face = 0; face < faces.rows(); ++face) {
    const int32_t i = faces(face, 0), j = faces(face, 1), k = faces(face, 2);
    if (projected[i].drawable && projected[j].drawable && projected[k].drawable) {
      painter.DrawFace(face, projected[i], projected[j], projected[k]);
    } else {
      painter.ClipAndDrawFace(face, vertices.row(i), vertices.row(j), vertices.row(k));
    }
  }
  ResolveBarycentrics(vertices, faces, camera, buffers);
}

}  // namespace gyre
