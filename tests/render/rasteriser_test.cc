// SPDX-License-Identifier: Apache-2.0
#include "render/rasteriser.h"

#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/rng.h"
#include "render/test_meshes.h"

namespace gyre {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

int Covered(const RasterBuffers& buffers) {
  int count = 0;
  for (int face : buffers.face_idx) count += face >= 0;
  return count;
}

// A triangle given by its image points, at depth z.
Points3 AtDepth(const Camera& camera, const Points2& pixels, double z) {
  Points3 points(pixels.rows(), 3);
  for (int i = 0; i < pixels.rows(); ++i) {
    points.row(i) << z / camera.focal_px * (pixels.row(i) - camera.center_px.transpose()), z;
  }
  return points;
}

const Camera kCamera{100, {10, 10}};

TEST(Rasteriser, CoversThePixelsOfATriangleByTheTopLeftRule) {
  // A right angle at (2, 2), legs of 8 px: row v holds the pixels 2 <= u < 10 - (v - 2), since
  // the hypotenuse is neither a top nor a left edge.
  Points2 pixels(3, 2);
  pixels << 2, 2, 10, 2, 2, 10;
  const Faces faces = Faces{{0, 1, 2}};
  RasterBuffers buffers;
  Rasterise(AtDepth(kCamera, pixels, 2), faces, kCamera, 20, 20, {}, &buffers);
  for (int v = 0; v < 20; ++v) {
    for (int u = 0; u < 20; ++u) {
      const bool inside = v >= 2 && u >= 2 && u < 10 - (v - 2);
      EXPECT_EQ(buffers.face_idx[buffers.PixelIdx(u, v)], inside ? 0 : -1) << u << ", " << v;
      const float depth = buffers.depth_m[buffers.PixelIdx(u, v)];
      if (inside) {
        EXPECT_FLOAT_EQ(depth, 2);
      } else {
        EXPECT_EQ(depth, kInfinity);
      }
    }
  }
  EXPECT_EQ(Covered(buffers), 8 * 9 / 2);
}

TEST(Rasteriser, WindingDecidesWhatIsCulledAndNothingElse) {
  Points2 pixels(3, 2);
  pixels << 2, 2, 10, 2, 2, 10;  // clockwise on the screen: its back
  const Points3 points = AtDepth(kCamera, pixels, 2);
  RasterBuffers back, front, kept;
  Rasterise(points, Faces{{0, 1, 2}}, kCamera, 20, 20, {.cull_back_faces = true}, &back);
  Rasterise(points, Faces{{0, 2, 1}}, kCamera, 20, 20, {.cull_back_faces = true}, &front);
  Rasterise(points, Faces{{0, 1, 2}}, kCamera, 20, 20, {}, &kept);
  EXPECT_EQ(Covered(back), 0);
  EXPECT_EQ(Covered(front), 36);
  EXPECT_EQ(front.face_idx, kept.face_idx);
}

TEST(Rasteriser, NearerSurfaceWinsInAnyOrderAndTheFirstOfEquals) {
  Points2 square(4, 2);
  square << 2, 2, 12, 2, 12, 12, 2, 12;
  Points3 points(8, 3);
  points << AtDepth(kCamera, square, 3), AtDepth(kCamera, square, 2);
  Faces far_first(4, 3), near_first(4, 3), twice(2, 3);
  far_first << 0, 1, 2, 0, 2, 3, 4, 5, 6, 4, 6, 7;
  near_first << 4, 5, 6, 4, 6, 7, 0, 1, 2, 0, 2, 3;
  twice << 0, 1, 2, 0, 1, 2;
  RasterBuffers a, b, c;
  Rasterise(points, far_first, kCamera, 20, 20, {}, &a);
  Rasterise(points, near_first, kCamera, 20, 20, {}, &b);
  Rasterise(points, twice, kCamera, 20, 20, {}, &c);
  EXPECT_EQ(Covered(a), 100);
  EXPECT_EQ(a.depth_m, b.depth_m);
  for (size_t i = 0; i < a.face_idx.size(); ++i) {
    if (a.face_idx[i] < 0) continue;
    EXPECT_FLOAT_EQ(a.depth_m[i], 2);
    EXPECT_GE(a.face_idx[i], 2);
    EXPECT_LT(b.face_idx[i], 2);
  }
  for (int face : c.face_idx) EXPECT_LE(face, 0);
}

// Random triangulations of a square: each pixel of the square is drawn by exactly one face.
TEST(Rasteriser, SharedEdgesAreWatertight) {
  Rng rng(3, RngStream::kTest);
  for (int trial = 0; trial < 20; ++trial) {
    const int n = 12;
    Points2 pixels((n + 1) * (n + 1), 2);
    Faces faces(2 * n * n, 3);
    for (int i = 0; i <= n; ++i) {
      for (int j = 0; j <= n; ++j) {
        const bool border = i == 0 || j == 0 || i == n || j == n;
        const double wobble = border ? 0 : 0.49;  // keeps every face the right way round
        pixels.row(i * (n + 1) + j) << 1 + 3 * j + wobble * rng.Uniform(-1, 1),
            1 + 3 * i + wobble * rng.Uniform(-1, 1);
        // Some vertices sit exactly on pixels, where ties are decided.
        if (rng.Bernoulli(0.5)) {
          pixels.row(i * (n + 1) + j) = pixels.row(i * (n + 1) + j).array().round();
        }
      }
    }
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        const int a = i * (n + 1) + j, b = a + 1, c = a + n + 1, d = c + 1;
        faces.row(2 * (i * n + j)) << a, b, d;
        faces.row(2 * (i * n + j) + 1) << a, d, c;
      }
    }
    const Points3 points = AtDepth(kCamera, pixels, 2);
    std::vector<int> times(40 * 40, 0);
    for (int f = 0; f < faces.rows(); ++f) {
      RasterBuffers one;
      Rasterise(points, faces.row(f), kCamera, 40, 40, {}, &one);
      for (size_t i = 0; i < times.size(); ++i) times[i] += one.face_idx[i] >= 0;
    }
    for (int v = 0; v < 40; ++v) {
      for (int u = 0; u < 40; ++u) {
        const bool inside = u >= 1 && v >= 1 && u < 37 && v < 37;
        ASSERT_EQ(times[v * 40 + u], inside ? 1 : 0) << u << ", " << v << " trial " << trial;
      }
    }
  }
}

TEST(Rasteriser, BarycentricsAndDepthArePerspectiveCorrect) {
  // A steep triangle: depth from 1 m to 6 m.
  const Camera camera{80, {31.5, 31.5}};
  Points3 points(3, 3);
  points << -0.3, -0.3, 1, 2.1, -1.5, 6, 0, 1.4, 4;
  RasterBuffers buffers;
  Rasterise(points, Faces{{0, 1, 2}}, camera, 64, 64, {}, &buffers);
  ASSERT_GT(Covered(buffers), 300);
  for (int v = 0; v < 64; ++v) {
    for (int u = 0; u < 64; ++u) {
      const int pixel = buffers.PixelIdx(u, v);
      if (buffers.face_idx[pixel] < 0) continue;
      const Vec3 weights = buffers.barycentric[pixel].cast<double>();
      EXPECT_NEAR(weights.sum(), 1, 1e-6);
      const Vec3 point = points.transpose() * weights;
      EXPECT_NEAR((camera.Project(point) - Vec2(u, v)).norm(), 0, 0.02);
      EXPECT_NEAR(point.z() / buffers.depth_m[pixel], 1, 0.01);
    }
  }
}

// Small balls rendered around points appear where Camera::Project says.
TEST(Rasteriser, AgreesWithTheCamerasProjection) {
  Rng rng(4, RngStream::kTest);
  const TestMesh ball = MakeSphere(0.02, 12);
  for (int trial = 0; trial < 20; ++trial) {
    const Camera camera{rng.Uniform(150, 900), {rng.Uniform(90, 130), rng.Uniform(60, 90)}};
    const Vec2 pixel(rng.Uniform(20, 180), rng.Uniform(20, 130));
    const double z = rng.Uniform(1.5, 5);
    const Vec3 center((pixel.x() - camera.center_px.x()) * z / camera.focal_px,
                      (pixel.y() - camera.center_px.y()) * z / camera.focal_px, z);
    const Points3 points = ball.vertices.rowwise() + center.transpose();
    RasterBuffers buffers;
    Rasterise(points, ball.faces, camera, 200, 150, {}, &buffers);
    Vec2 sum = Vec2::Zero();
    for (int v = 0; v < 150; ++v) {
      for (int u = 0; u < 200; ++u) {
        if (buffers.face_idx[buffers.PixelIdx(u, v)] >= 0) sum += Vec2(u, v);
      }
    }
    ASSERT_GT(Covered(buffers), 0);
    EXPECT_LT((sum / Covered(buffers) - camera.Project(center)).cwiseAbs().maxCoeff(), 0.5);
  }
}

TEST(Rasteriser, CutsAtTheNearPlaneAndDrawsNothingBehindTheCamera) {
  const Camera camera{50, {32, 32}};
  // A floor 1 m below the eye from 20 m behind to 20 m in front: it fills all rows below the
  // horizon that see it within the near plane and none above.
  Points3 floor(4, 3);
  floor << -200, 1, -20, 200, 1, -20, 200, 1, 20, -200, 1, 20;
  Faces faces(2, 3);
  faces << 0, 1, 2, 0, 2, 3;
  RasterBuffers buffers;
  Rasterise(floor, faces, camera, 64, 64, {}, &buffers);
  for (int v = 0; v < 64; ++v) {
    // Row v sees the floor at z = 50 / (v - 32).
    const bool sees_floor = v - 32 > 50.0 / 20;
    for (int u = 0; u < 64; ++u) {
      const int pixel = buffers.PixelIdx(u, v);
      ASSERT_EQ(buffers.face_idx[pixel] >= 0, sees_floor) << u << ", " << v;
      if (!sees_floor) continue;
      EXPECT_NEAR(buffers.depth_m[pixel] * (v - 32) / 50, 1, 2e-3);
    }
  }
  Points3 behind(3, 3);
  behind << -1, -1, -2, 1, -1, -2, 0, 1, -3;
  Rasterise(behind, Faces{{0, 1, 2}}, camera, 64, 64, {}, &buffers);
  EXPECT_EQ(Covered(buffers), 0);
}

// A plane farther out cuts away what is nearer, of a face that crosses it and of one that does not:
// a ramp, u = 10 + 100 x / z with x = z - 3 from 2 m to 6 m, seen from 3.2 m on.
TEST(Rasteriser, TheNearPlaneIsWhereTheOptionsSay) {
  Points3 points(7, 3);
  points << -1, -1, 2, 3, -1, 6, 3, 1, 6, -1, 1, 2,  // the ramp
      -0.3, -0.1, 3, 0.3, -0.1, 3, 0, 0.2, 3;        // a face before the plane
  Faces faces(3, 3);
  faces << 0, 1, 2, 0, 2, 3, 4, 5, 6;
  RasterBuffers buffers;
  Rasterise(points, faces, kCamera, 60, 20, {.near_m = 3.2}, &buffers);
  for (int u = 0; u < 60; ++u) {
    const double z = 3 / (1 - (u - 10) / 100.0);  // where the ray meets the ramp
    const int face = buffers.face_idx[buffers.PixelIdx(u, 10)];
    EXPECT_EQ(face >= 0, z >= 3.2 && z < 6) << u;
    EXPECT_NE(face, 2) << u;
  }
}

TEST(Rasteriser, ClippedFacesStayWatertight) {
  // A fan of thin faces around the viewer, all reaching behind the camera.
  const Camera camera{40, {31.5, 31.5}};
  const int n = 24;
  Points3 points(2 * n, 3);
  Faces faces(2 * n, 3);
  for (int i = 0; i < n; ++i) {
    const double angle = 2 * std::numbers::pi * i / n + 0.1;
    points.row(2 * i) << std::cos(angle), std::sin(angle), -3;
    points.row(2 * i + 1) << std::cos(angle), std::sin(angle), 1e5;
    const int a = 2 * i, b = 2 * ((i + 1) % n);
    faces.row(2 * i) << a, b, b + 1;
    faces.row(2 * i + 1) << a, b + 1, a + 1;
  }
  std::vector<int> times(64 * 64, 0);
  for (int f = 0; f < faces.rows(); ++f) {
    RasterBuffers one;
    Rasterise(points, faces.row(f), camera, 64, 64, {}, &one);
    for (size_t i = 0; i < times.size(); ++i) times[i] += one.face_idx[i] >= 0;
  }
  for (int count : times) EXPECT_EQ(count, 1);
}

TEST(Rasteriser, IgnoresDegenerateAndBrokenFaces) {
  Points3 points(6, 3);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  points << 0, 0, 2, 0.1, 0, 2, 0.2, 0, 2,  // collinear
      nan, 0, 2, 0, 0.1, kInfinity, 1e200, -1e200, -1e200;
  Faces faces(4, 3);
  faces << 0, 1, 2, 0, 0, 1, 0, 1, 3, 0, 1, 4;
  RasterBuffers buffers;
  Rasterise(points, faces, kCamera, 20, 20, {}, &buffers);
  EXPECT_EQ(Covered(buffers), 0);
  Rasterise(points, Faces{{0, 2, 5}}, kCamera, 20, 20, {}, &buffers);  // huge, yet a face
  EXPECT_GT(Covered(buffers), 0);
  Rasterise(Points3(0, 3), Faces(0, 3), kCamera, 20, 20, {}, &buffers);
  EXPECT_EQ(Covered(buffers), 0);
  EXPECT_THROW(Rasterise(points, Faces{{0, 1, 6}}, kCamera, 20, 20, {}, &buffers),
               std::logic_error);
  EXPECT_THROW(Rasterise(points, faces, kCamera, 0, 20, {}, &buffers), std::logic_error);
}

TEST(Rasteriser, SliverDepthStaysWithinItsVertices) {
  Rng rng(5, RngStream::kTest);
  for (int trial = 0; trial < 2000; ++trial) {
    const Vec2 a(rng.Uniform(0, 40), rng.Uniform(0, 40)), b(rng.Uniform(0, 40), rng.Uniform(0, 40));
    const Vec2 c = a + rng.Uniform() * (b - a) + 0.01 * Vec2(rng.Normal(), rng.Normal());
    Points3 points(3, 3);
    for (int i = 0; i < 3; ++i) {
      const Vec2 pixel = i == 0 ? a : i == 1 ? b : c;
      const double z = rng.Uniform(2, 2.2);
      points.row(i) << (pixel - kCamera.center_px).transpose() * z / kCamera.focal_px, z;
    }
    RasterBuffers buffers;
    Rasterise(points, Faces{{0, 1, 2}}, kCamera, 40, 40, {}, &buffers);
    for (float depth : buffers.depth_m) {
      if (depth < kInfinity) {
        ASSERT_GT(depth, 1.999);
        ASSERT_LT(depth, 2.201);
      }
    }
  }
}

TEST(Rasteriser, MirroredBodyGivesTheMirroredSilhouette) {
  const TestMesh mesh = MakeSphere(0.4, 24);
  const Camera camera{100, {31.5, 31.5}};
  Points3 points = mesh.vertices;
  points.col(0) = 0.7 * points.col(0).array() + 0.1;
  points.col(2).array() += 2;
  Points3 mirrored = points;
  mirrored.col(0) *= -1;
  RasterBuffers a, b;
  Rasterise(points, mesh.faces, camera, 64, 64, {}, &a);
  Rasterise(mirrored, mesh.faces, camera, 64, 64, {}, &b);
  int differing = 0;
  for (int v = 0; v < 64; ++v) {
    for (int u = 0; u < 64; ++u) {
      differing += (a.face_idx[a.PixelIdx(u, v)] >= 0) != (b.face_idx[b.PixelIdx(63 - u, v)] >= 0);
    }
  }
  EXPECT_GT(Covered(a), 500);
  EXPECT_LE(differing, 4);  // pixels exactly on an edge
}

TEST(Rasteriser, AClosedSurfaceLooksTheSameWithItsBackCulled) {
  const TestMesh mesh = MakeSphere(0.4, 40);
  Points3 points = mesh.vertices;
  points.col(2).array() += 2;
  const Camera camera{100, {31.5, 31.5}};
  RasterBuffers all, front;
  Rasterise(points, mesh.faces, camera, 64, 64, {}, &all);
  Rasterise(points, mesh.faces, camera, 64, 64, {.cull_back_faces = true}, &front);
  EXPECT_EQ(all.face_idx, front.face_idx);
  const double radius = 100 * 0.4 / std::sqrt(4 - 0.16);  // of the sphere's outline
  EXPECT_NEAR(Covered(all), std::numbers::pi * radius * radius, 20);
}

}  // namespace
}  // namespace gyre
