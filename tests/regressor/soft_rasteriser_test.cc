// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/soft_rasteriser.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "body/body_parts.h"
#include "regressor/regressor_test_util.h"
#include "render/rasteriser.h"

namespace gyre {
namespace {

const double kPixel = 1 / std::sqrt(12.0);  // the deviation of a pixel's square

at::Tensor Numbers(std::vector<double> values, at::IntArrayRef shape) {
  return at::from_blob(values.data(), shape, at::kDouble).clone();
}

// A mesh given by its image points [V,2], with depth: maps [K,S,S].
at::Tensor MapsOf(const std::vector<double>& px, const std::vector<double>& depth,
                  const CoverageMesh& mesh, int size, double sigma) {
  const CoverageOptions options{.size_px = size, .sigma_px = sigma};
  at::Tensor maps = at::empty({mesh.num_classes, size, size}, at::kDouble);
  std::vector<uint8_t> notes(static_cast<size_t>(MeshCoverage::NotePlanes(mesh)) * size * size);
  MeshCoverage(mesh, options)
      .Forward({px.data(), depth.data()}, maps.data_ptr<double>(), notes.data());
  return maps;
}

// Two bipyramids of five sides each, irregular, the second partly behind the first: [2,14,3] metres
// in camera axes without translation, the second mesh of the batch another one.
struct Bipyramids {
  Faces faces = Faces(20, 3);
  std::vector<uint8_t> classes;
  at::Tensor vertices = at::empty({2, 14, 3}, at::kDouble);

  Bipyramids() {
    Rng rng(8, RngStream::kTest);
    for (int b = 0; b < 2; ++b) {
      for (int shape = 0; shape < 2; ++shape) {
        const Vec3 middle(0.11 * shape, -0.07 * shape, 0.5 * shape);
        for (int i = 0; i < 7; ++i) {
          const double angle = 2 * std::numbers::pi * i / 5;
          Vec3 p(std::cos(angle), std::sin(angle), 0);
          if (i == 5) p = Vec3(0.1, -0.1, 1);
          if (i == 6) p = Vec3(-0.15, 0.05, -1);
          p = 0.23 * (p + 0.2 * Vec3(rng.Normal(), rng.Normal(), rng.Normal())) + middle;
          for (int axis = 0; axis < 3; ++axis) vertices[b][7 * shape + i][axis] = p[axis];
        }
      }
    }
    for (int i = 0; i < 5; ++i) {
      const int next = (i + 1) % 5;
      faces.row(i) << i, next, 5;
      faces.row(5 + i) << next, i, 6;
    }
    faces.bottomRows(10) = faces.topRows(10).array() + 7;
    for (int i = 0; i < 20; ++i) classes.push_back(i < 10 ? (i % 5 < 2 ? 0 : 2) : 1);
  }
};

MeshCameras OddCameras() {
  return {Numbers({0.02, -0.03, 1.9, -0.05, 0.01, 2.3}, {2, 3}), Numbers({35.5, 41.25}, {2}),
          Numbers({10.8, 11.6, 12.3, 9.9}, {2, 2})};
}

double Weighed(const at::Tensor& maps, const at::Tensor& weights) {
  return Value((maps * weights).sum());
}

TEST(SoftRasteriser, APixelHasTheShareOfItsAreaThatIsCovered) {
  // A right angle at (2, 2), legs to (2, 6.5) and (6, 2): x = 6 - (8/9) (y - 2) on the third side.
  const CoverageMesh mesh(Faces{{0, 1, 2}}, 3);
  const at::Tensor map = MapsOf({2, 2, 2, 6.5, 6, 2}, {1, 1, 1}, mesh, 9, kPixel)[0];
  EXPECT_NEAR(Value(map.sum()), 0.5 * 4 * 4.5, 1e-12);
  EXPECT_NEAR(Value(map[3][3]), 1, 1e-12);
  EXPECT_NEAR(Value(map[2][2]), 0.25, 1e-12);
  EXPECT_NEAR(Value(map[4][2]), 0.5, 1e-12);  // row 4, column 2
  // Of [3.5, 4.5]^2 all up to y = 3.6875, from there a width that falls from 1 to 5/18.
  EXPECT_NEAR(Value(map[4][4]), 0.1875 + 0.8125 * (1 + 5.0 / 18) / 2, 1e-12);
  EXPECT_EQ(Value(map[6][6]), 0);
  EXPECT_EQ(Value(map[0][2]), 0);
  // From behind it looks the same.
  const at::Tensor behind = MapsOf({2, 2, 6, 2, 2, 6.5}, {1, 1, 1}, mesh, 9, kPixel)[0];
  EXPECT_LT(MaxAbs(behind - map), 1e-12);
}

TEST(SoftRasteriser, HowAMeshIsCutIntoFacesDoesNotShow) {
  const std::vector<double> corners = {1.3, 1.7, 1.3, 5.2, 6.1, 5.9, 6.4, 2.1};
  std::vector<double> with_middle = corners;
  with_middle.insert(with_middle.end(), {3.7, 3.2});
  const CoverageMesh two(Faces{{0, 1, 2}, {0, 2, 3}}, 4);
  const CoverageMesh four(Faces{{0, 1, 4}, {1, 2, 4}, {2, 3, 4}, {3, 0, 4}}, 5);
  for (const double sigma : {0.1, kPixel, 0.8, 2.0}) {
    const at::Tensor a = MapsOf(corners, {2, 2, 2, 2}, two, 9, sigma),
                     b = MapsOf(with_middle, {2, 2, 2, 2, 2}, four, 9, sigma);
    EXPECT_LT(MaxAbs(a - b), 1e-12) << sigma;
    EXPECT_GT(MaxAbs(a), 0.4) << sigma;
  }
}

TEST(SoftRasteriser, AContourIsHalfCoveredAndFallsOffAsTheKernel) {
  // All that is left of x = 10.
  const CoverageMesh mesh(Faces{{0, 1, 2}, {0, 2, 3}}, 4);
  for (const double sigma : {0.7, 1.5, 2.5}) {
    const at::Tensor row =
        MapsOf({-90, -90, -90, 99, 10, 99, 10, -90}, {1, 1, 1, 1}, mesh, 21, sigma)[0][13];
    EXPECT_NEAR(Value(row[10]), 0.5, 1e-12) << sigma;
    double variance = 0;
    for (int i = 1; i < 21; ++i) {
      EXPECT_LE(Value(row[i]), Value(row[i - 1]) + 1e-12);
      if (i <= 10) {
        EXPECT_NEAR(Value(row[10 - i] + row[10 + i]), 1, 1e-12) << i;
      }
      variance += (i - 10.5) * (i - 10.5) * Value(row[i - 1] - row[i]);
    }
    // A step from pixel to pixel is the mean of the filter at both, which has 1/4 more variance
    // than the filter, and that 1/12 less than the kernel. It is cut off at three deviations.
    EXPECT_NEAR(variance - 1.0 / 6, sigma * sigma, 0.04 * sigma * sigma) << sigma;
  }
}

TEST(SoftRasteriser, WhatLeavesThePictureStaysWhole) {
  const CoverageMesh mesh(Faces{{0, 1, 2}, {0, 2, 3}}, 4);
  const at::Tensor map =
      MapsOf({-40, -30, -35, 45, 50, 60, 44, -33}, {3, 3, 3, 3}, mesh, 11, 2.0)[0];
  EXPECT_LT(MaxAbs(map - 1), 1e-12);
}

TEST(SoftRasteriser, GradientsAreThoseOfItsForward) {
  const Bipyramids shapes;
  Rng rng(9, RngStream::kTest);
  for (const bool open : {false, true}) {
    for (const bool parts : {false, true}) {
      const Faces faces = open ? Faces(shapes.faces.topRows(17)) : shapes.faces;
      std::vector<uint8_t> classes;
      if (parts) classes.assign(shapes.classes.begin(), shapes.classes.begin() + faces.rows());
      const SoftRasteriser rasteriser(faces, 14, classes);
      ASSERT_EQ(rasteriser.num_classes(), parts ? 3 : 1);
      const at::Tensor weights = RandomTensor({2, rasteriser.num_classes(), 23, 23}, rng);
      for (const double sigma : {0.2, 0.5, 1.7}) {
        SCOPED_TRACE(testing::Message() << open << parts << " " << sigma);
        const CoverageOptions options{.size_px = 23, .sigma_px = sigma};
        MeshCameras cameras = OddCameras();
        std::vector<at::Tensor> inputs = {shapes.vertices.clone(), cameras.translation,
                                          cameras.focal_px, cameras.center_px};
        const auto value = [&] {
          return (rasteriser.forward(inputs[0], {inputs[1], inputs[2], inputs[3]}, options) *
                  weights)
              .sum();
        };
        for (at::Tensor& input : inputs) input.requires_grad_();
        value().backward();
        const at::NoGradGuard no_grad;
        for (at::Tensor& input : inputs) {
          const at::Tensor flat = input.view({-1}), gradient = input.grad().reshape({-1});
          const double largest = MaxAbs(gradient);
          EXPECT_GT(largest, 0.1);
          for (int64_t i = 0; i < flat.numel(); ++i) {
            constexpr double kStep = 1e-6;
            const double before = Value(flat[i]);
            flat[i] = before + kStep;
            const double above = Value(value());
            flat[i] = before - kStep;
            const double below = Value(value());
            flat[i] = before;
            const double expected = (above - below) / (2 * kStep);
            EXPECT_NEAR(Value(gradient[i]), expected, 1e-4 * std::abs(expected) + 1e-6 * largest);
          }
        }
      }
    }
  }
}

TEST(SoftRasteriser, PartsShareThePixelsOfTheSilhouette) {
  const Bipyramids shapes;
  const SoftRasteriser whole(shapes.faces, 14), parts(shapes.faces, 14, shapes.classes);
  for (const double sigma : {0.1, 0.5, 1.5}) {
    const CoverageOptions options{.size_px = 23, .sigma_px = sigma};
    const at::Tensor silhouette = whole.forward(shapes.vertices, OddCameras(), options);
    const at::Tensor maps = parts.forward(shapes.vertices, OddCameras(), options);
    EXPECT_LT(MaxAbs(maps.sum({1}, true) - silhouette), 1e-9) << sigma;
    EXPECT_GE(Value(maps.min()), 0);
    for (int k = 0; k < 3; ++k) EXPECT_GT(MaxAbs(maps.select(1, k)), 0.2) << sigma;
  }
}

TEST(SoftRasteriser, WhatIsInFrontHidesWhatIsBehindAtPartlyCoveredPixelsToo) {
  // A strip x in [4.25, 8] before a sheet over everything: of column 4 it has a quarter.
  const std::vector<double> px = {4.25, -9,  4.25, 30, 8,  30, 8,  -9,
                                  -20,  -20, -20,  40, 40, 40, 40, -20};
  const Faces faces{{0, 1, 2}, {0, 2, 3}, {4, 5, 6}, {4, 6, 7}};
  const CoverageMesh mesh(faces, 8, {0, 0, 1, 1});
  const at::Tensor maps = MapsOf(px, {2, 2, 2, 2, 3, 3, 3, 3}, mesh, 13, kPixel);
  EXPECT_NEAR(Value(maps[0][5][4]), 0.25, 1e-12);
  EXPECT_NEAR(Value(maps[1][5][4]), 0.75, 1e-12);
  EXPECT_NEAR(Value(maps[0][5][6]), 1, 1e-12);
  EXPECT_NEAR(Value(maps[1][5][6]), 0, 1e-12);
  EXPECT_NEAR(Value(maps[1][5][2]), 1, 1e-12);
  // Behind the sheet it is not seen.
  const at::Tensor behind = MapsOf(px, {4, 4, 4, 4, 3, 3, 3, 3}, mesh, 13, kPixel);
  EXPECT_EQ(MaxAbs(behind[0]), 0);
  EXPECT_LT(MaxAbs(behind[1] - 1), 1e-12);
}

// The body before a camera, in an odd pose.
class SoftBody : public ::testing::Test {
 protected:
  static constexpr int kSize = 61;
  const Camera camera_{83.5, {28.25, 31.75}};
  const BodyModel& body_ = BuiltinBody();
  Points3 vertices_;
  at::Tensor mesh_;

  SoftBody() {
    Rng rng(3, RngStream::kTest);
    BodyParams params = RandomBodyParams(rng);
    params.rotation(0) = Vec3(2.9, 0.3, -0.2);
    vertices_ = PoseBody(body_, params).vertices;
    vertices_.rowwise() += Eigen::RowVector3d(0.06, 0.1, 2.7);
    mesh_ = TensorOf(vertices_).unsqueeze(0);
  }
  MeshCameras Before() const {
    return {at::zeros({1, 3}, at::kDouble), at::full({1}, camera_.focal_px, at::kDouble),
            Numbers({camera_.center_px.x(), camera_.center_px.y()}, {1, 2})};
  }
  RasterBuffers Hard() const {
    RasterBuffers buffers;
    Rasterise(vertices_, body_.faces, camera_, kSize, kSize, {}, &buffers);
    return buffers;
  }
  at::Tensor Soft(const SoftRasteriser& rasteriser, double sigma) const {
    return rasteriser.forward(mesh_, Before(), {.size_px = kSize, .sigma_px = sigma})[0];
  }
};

TEST_F(SoftBody, TendsToWhatTheSoftwareRasteriserDraws) {
  const SoftRasteriser silhouettes(body_.faces, body_.num_vertices());
  const RasterBuffers hard = Hard();
  at::Tensor truth = at::zeros({kSize, kSize}, at::kDouble);
  for (int i = 0; i < kSize * kSize; ++i) truth.view({-1})[i] = hard.face_idx[i] >= 0 ? 1 : 0;
  ASSERT_GT(Value(truth.sum()), 300);
  double before = 1e9;
  for (const double sigma : {2.0, 1.0, 0.5, 0.25, 0.1, 0.03}) {
    const double apart = Value((Soft(silhouettes, sigma)[0] - truth).abs().sum());
    EXPECT_LT(apart, 0.75 * before) << sigma;
    before = apart;
  }
  // All but the pixels whose centres a contour all but touches: the software rasteriser's
  // vertices are rounded to 1/256 of a pixel, these squares are ten times as wide.
  const at::Tensor soft = Soft(silhouettes, 0.01)[0];
  int64_t between = 0;
  for (int i = 0; i < kSize * kSize; ++i) {
    const double share = Value(soft.view({-1})[i]);
    if (share > 1e-6 && share < 1 - 1e-6) {
      ++between;
    } else {
      EXPECT_EQ(std::lround(share), std::lround(Value(truth.view({-1})[i]))) << i;
    }
  }
  EXPECT_LT(between, 25);
}

TEST_F(SoftBody, PartsTendToThoseOfTheNearestFaces) {
  const std::vector<uint8_t> parts = PartsOfFaces(body_);
  std::vector<uint8_t> classes;
  for (const uint8_t part : parts) classes.push_back(part - 1);
  const at::Tensor maps = Soft(SoftRasteriser(body_.faces, body_.num_vertices(), classes), 0.01);
  ASSERT_EQ(maps.size(0), kNumBodyParts);
  const RasterBuffers hard = Hard();
  int64_t between = 0;
  std::vector<int> seen(kNumBodyParts, 0);
  for (int i = 0; i < kSize * kSize; ++i) {
    const int face = hard.face_idx[i];
    const at::Tensor shares = maps.view({kNumBodyParts, -1}).select(1, i);
    if (face >= 0) ++seen[classes[face]];
    bool whole = true;
    for (int k = 0; k < kNumBodyParts; ++k) {
      const double share = Value(shares[k]);
      whole = whole && (share < 1e-6 || share > 1 - 1e-6);
    }
    between += !whole;
    for (int k = 0; whole && k < kNumBodyParts; ++k) {
      EXPECT_EQ(std::lround(Value(shares[k])), face >= 0 && classes[face] == k) << i << " " << k;
    }
  }
  EXPECT_LT(between, 45);
  for (const int pixels : seen) EXPECT_GT(pixels, 10);
}

TEST_F(SoftBody, DerivativesAlongDirectionsOfAllVertices) {
  const SoftRasteriser silhouettes(body_.faces, body_.num_vertices());
  Rng rng(4, RngStream::kTest);
  const at::Tensor weights = RandomTensor({1, 1, kSize, kSize}, rng);
  const CoverageOptions options{.size_px = kSize, .sigma_px = 0.5};
  const at::Tensor mesh = mesh_.clone().requires_grad_();
  (silhouettes.forward(mesh, Before(), options) * weights).sum().backward();
  for (int trial = 0; trial < 3; ++trial) {
    const at::Tensor direction = RandomTensor(mesh.sizes(), rng);
    constexpr double kStep = 1e-8;
    const auto moved = [&](double by) {
      return Weighed(silhouettes.forward(mesh_ + by * direction, Before(), options), weights);
    };
    const double expected = (moved(kStep) - moved(-kStep)) / (2 * kStep);
    EXPECT_NEAR(Value((mesh.grad() * direction).sum()), expected, 1e-4 * std::abs(expected));
  }
}

TEST_F(SoftBody, FloatsAndThreadsGiveTheSame) {
  const SoftRasteriser silhouettes(body_.faces, body_.num_vertices());
  const CoverageOptions options{.size_px = kSize};
  const at::Tensor two = at::cat({mesh_, mesh_ * 1.1}, 0);
  const MeshCameras one = Before();
  const MeshCameras both{one.translation.expand({2, 3}), one.focal_px.expand({2}),
                         one.center_px.expand({2, 2})};
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor alone = silhouettes.forward(two, both, options);
  at::set_num_threads(2);
  EXPECT_TRUE(silhouettes.forward(two, both, options).equal(alone));
  at::set_num_threads(threads);
  EXPECT_LT(MaxAbs(silhouettes.forward(mesh_, one, options)[0] - alone[0]), 1e-12);
  const at::Tensor floats = silhouettes.forward(
      mesh_.to(at::kFloat),
      {one.translation.to(at::kFloat), one.focal_px.to(at::kFloat), one.center_px.to(at::kFloat)},
      options);
  EXPECT_EQ(floats.scalar_type(), at::kFloat);
  EXPECT_LT(MaxAbs(floats[0] - alone[0]), 1e-4);
}

TEST(SoftRasteriser, FacesThatCannotBeDrawnDoNoHarm) {
  const Bipyramids shapes;
  const SoftRasteriser rasteriser(shapes.faces, 14, shapes.classes);
  const CoverageOptions options{.size_px = 23, .sigma_px = 0.7};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  at::Tensor vertices = shapes.vertices.clone();
  vertices[0][3][0] = nan;
  vertices[0][9][2] = -1.9;  // in the camera's plane
  vertices[1][2][2] = -7;    // behind it
  vertices[1][8][0] = 1e9;
  vertices.requires_grad_();
  const at::Tensor maps = rasteriser.forward(vertices, OddCameras(), options);
  EXPECT_TRUE(maps.isfinite().all().item<bool>());
  EXPECT_GT(MaxAbs(maps), 0.5);
  maps.square().sum().backward();
  EXPECT_TRUE(vertices.grad().isfinite().all().item<bool>());
  EXPECT_GT(MaxAbs(vertices.grad()), 0);
  EXPECT_EQ(MaxAbs(vertices.grad()[0][3]), 0);
  EXPECT_EQ(MaxAbs(vertices.grad()[1][8]), 0);
}

}  // namespace
}  // namespace gyre
