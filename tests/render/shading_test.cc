// SPDX-License-Identifier: Apache-2.0
#include "render/shading.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "render/srgb.h"
#include "render/test_meshes.h"

namespace gyre {
namespace {

const Camera kSmallCamera{100, {31.5, 31.5}};

Lighting AmbientOnly(double radiance) {
  Lighting lighting;
  lighting.sky = lighting.ground = Vec3::Constant(radiance);
  lighting.lights.clear();
  return lighting;
}

// A plate facing the camera at 1 m that covers the pixels [left, right) of all rows.
TestMesh MakePlate(double left, double right) {
  TestMesh plate{Points3(4, 3), Faces(2, 3)};
  const double x0 = (left - 0.5 - 31.5) / 100, x1 = (right - 0.5 - 31.5) / 100;
  plate.vertices << x0, -1, 1, x1, -1, 1, x1, 1, 1, x0, 1, 1;
  plate.faces << 0, 2, 1, 0, 3, 2;
  return plate;
}

TestMesh MakeBall() {
  TestMesh ball = MakeSphere(0.25, 32);
  ball.vertices.col(2).array() += 1.5;
  return ball;
}

cv::Mat Black() { return cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(0)); }

TEST(Srgb, EveryLevelSurvivesARoundTrip) {
  for (int level = 0; level < 256; ++level) {
    EXPECT_EQ(Srgb8FromLinear(LinearFromSrgb8(static_cast<uint8_t>(level))), level);
  }
  EXPECT_EQ(Srgb8FromLinear(-1), 0);
  EXPECT_EQ(Srgb8FromLinear(7), 255);
  EXPECT_EQ(Srgb8FromLinear(0.5f), 188);  // half the light is far more than half the number
}

TEST(VertexNormals, OfASphereAreRadial) {
  const TestMesh ball = MakeSphere(2, 32);
  const Points3 normals = VertexNormals(ball.vertices, ball.faces);
  EXPECT_LT((normals - ball.vertices / 2).rowwise().norm().maxCoeff(), 0.02);
  Points3 lonely = Points3::Ones(1, 3);
  EXPECT_EQ(VertexNormals(lonely, Faces(0, 3)).norm(), 0);
}

TEST(RenderMesh, FullAmbientLightShowsTheColourItself) {
  const TestMesh plate = MakePlate(10, 20);
  RenderOptions options;
  options.lighting = AmbientOnly(1);
  const cv::Mat image = RenderMesh(Black(), plate.vertices, plate.faces, kSmallCamera,
                                   Paint::Uniform(Vec3(200, 100, 50) / 255), options);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      const cv::Vec3b expected = x >= 10 && x < 20 ? cv::Vec3b(50, 100, 200) : cv::Vec3b(0, 0, 0);
      ASSERT_EQ(image.at<cv::Vec3b>(y, x), expected) << x << ", " << y;
    }
  }
}

TEST(RenderMesh, EdgesAreBlendedInLinearLight) {
  const TestMesh plate = MakePlate(10, 20.5);
  RenderOptions options;
  options.lighting = AmbientOnly(1);
  cv::Mat coverage;
  const cv::Mat image = RenderMesh(Black(), plate.vertices, plate.faces, kSmallCamera,
                                   Paint::Uniform(Vec3::Ones()), options, &coverage);
  EXPECT_EQ(image.at<cv::Vec3b>(30, 15)[0], 255);
  EXPECT_EQ(image.at<cv::Vec3b>(30, 20)[0], 188);
  EXPECT_EQ(image.at<cv::Vec3b>(30, 21)[0], 0);
  EXPECT_FLOAT_EQ(coverage.at<float>(30, 20), 0.5);
  EXPECT_NEAR(cv::sum(coverage)[0], 64 * 10.5, 1e-3);
}

TEST(RenderMesh, BackgroundAndOpacity) {
  const cv::Mat background(64, 64, CV_8UC3, cv::Scalar(3, 77, 200));
  const TestMesh plate = MakePlate(0, 64);
  RenderOptions options;
  options.lighting = AmbientOnly(1);
  options.opacity = 0;
  const Paint white = Paint::Uniform(Vec3::Ones());
  const auto difference = [&](const cv::Mat& image) {
    return cv::norm(image, background, cv::NORM_INF);
  };
  EXPECT_EQ(
      difference(RenderMesh(background, plate.vertices, plate.faces, kSmallCamera, white, options)),
      0);
  options.opacity = 0.5;
  const cv::Mat half =
      RenderMesh(background, plate.vertices, plate.faces, kSmallCamera, white, options);
  EXPECT_EQ(half.at<cv::Vec3b>(9, 9)[0], Srgb8FromLinear(0.5f + 0.5f * LinearFromSrgb8(3)));
  EXPECT_EQ(half.at<cv::Vec3b>(9, 9)[2], Srgb8FromLinear(0.5f + 0.5f * LinearFromSrgb8(200)));
}

TEST(RenderMesh, LightComesFromItsDirection) {
  const TestMesh ball = MakeBall();
  RenderOptions options;
  options.lighting = AmbientOnly(0);
  options.lighting.lights = {{{-1, 0, 0}, Vec3::Ones()}};  // from the picture's left
  const Paint white = Paint::Uniform(Vec3::Ones());
  const cv::Mat image =
      RenderMesh(Black(), ball.vertices, ball.faces, kSmallCamera, white, options);
  EXPECT_GT(image.at<cv::Vec3b>(32, 18)[0], 200);
  EXPECT_EQ(image.at<cv::Vec3b>(32, 44)[0], 0);
  // Lambert: what is seen 8.5 px left of the middle, 1.28 m away, has x = 0.109 m and hence the
  // cosine 0.109 / 0.25.
  EXPECT_NEAR(LinearFromSrgb8(image.at<cv::Vec3b>(31, 23)[0]), 0.436, 0.01);
  // The sky is above, where y is negative.
  options.lighting.lights.clear();
  options.lighting.sky = Vec3::Ones();
  const cv::Mat sky = RenderMesh(Black(), ball.vertices, ball.faces, kSmallCamera, white, options);
  EXPECT_GT(sky.at<cv::Vec3b>(18, 32)[0], 220);
  EXPECT_LT(sky.at<cv::Vec3b>(46, 32)[0], 110);
}

// A plate that faces the camera: n = (0, 0, -1). Directions need not be unit vectors, the sky need
// not be above, and lights of several colours add up.
TEST(RenderMesh, AddsUpAmbientLightAndLights) {
  const TestMesh plate = MakePlate(0, 64);
  RenderOptions options;
  options.supersample = 1;
  options.lighting.up = {0, 3, -4};  // n . up = 0.8 of a unit vector
  options.lighting.sky = {0.5, 0.3, 0.1};
  options.lighting.ground = {0.1, 0.2, 0.4};
  options.lighting.lights = {{{0, 2.4, -1.8}, {0.1, 0.2, 0.3}},  // n . l = 0.6
                             {{5, 0, 0}, {9, 9, 9}},             // along the plate
                             {{0, 0, 7}, {9, 9, 9}}};            // from behind
  const cv::Mat image = RenderMesh(Black(), plate.vertices, plate.faces, kSmallCamera,
                                   Paint::Uniform(Vec3(1, 0.5, 0.25)), options);
  const Vec3 albedo = LinearFromSrgb({1, 0.5, 0.25});
  const Vec3 irradiance =
      0.9 * Vec3(0.5, 0.3, 0.1) + 0.1 * Vec3(0.1, 0.2, 0.4) + 0.6 * Vec3(0.1, 0.2, 0.3);
  for (int channel = 0; channel < 3; ++channel) {
    EXPECT_NEAR(image.at<cv::Vec3b>(20, 40)[2 - channel],
                Srgb8FromLinear(static_cast<float>(albedo[channel] * irradiance[channel])), 1);
  }
}

// Large faces weigh more: two of a right-angled roof, one twice as large.
TEST(VertexNormals, FacesWeighByTheirArea) {
  Points3 roof(4, 3);
  roof << 0, 0, 0, 0, 0, -1, 2, 0, 0, 0, 1, 0;
  Faces faces(2, 3);
  faces << 0, 2, 1, 0, 1, 3;  // in the plane y = 0 with area 1, in x = 0 with area 1/2
  const Points3 normals = VertexNormals(roof, faces);
  EXPECT_LT((normals.row(0).transpose() - Vec3(1, 2, 0).normalized()).norm(), 1e-12);
  EXPECT_LT((normals.row(2).transpose() - Vec3(0, 1, 0)).norm(), 1e-12);
  EXPECT_LT((normals.row(3).transpose() - Vec3(1, 0, 0)).norm(), 1e-12);
}

TEST(Srgb, IsTheStandardsFunction) {
  const Vec3 linear = LinearFromSrgb({0.04, 0.5, 1.7});
  EXPECT_NEAR(linear[0], 0.04 / 12.92, 1e-12);
  EXPECT_NEAR(linear[1], 0.21404114, 1e-8);
  EXPECT_EQ(linear[2], 1);
  EXPECT_EQ(LinearFromSrgb(Vec3(-1, 0, 0)).norm(), 0);
}

TEST(RenderMesh, MirroredLightGivesTheMirroredPicture) {
  const TestMesh ball = MakeBall();
  RenderOptions left, right;
  left.lighting.lights = {{{-0.7, -0.3, -0.5}, Vec3(0.5, 0.6, 0.7)}};
  right.lighting.lights = {{{0.7, -0.3, -0.5}, Vec3(0.5, 0.6, 0.7)}};
  const Paint paint = Paint::Uniform({0.6, 0.5, 0.4});
  const cv::Mat a = RenderMesh(Black(), ball.vertices, ball.faces, kSmallCamera, paint, left);
  cv::Mat b;
  cv::flip(RenderMesh(Black(), ball.vertices, ball.faces, kSmallCamera, paint, right), b, 1);
  EXPECT_LE(cv::norm(a, b, cv::NORM_L1) / a.total(), 0.2);
  EXPECT_GT(cv::sum(a)[0], 0);
}

TEST(RenderMesh, ColoursPerFaceAndPerVertex) {
  const TestMesh plate = MakePlate(0, 64);
  RenderOptions options;
  options.lighting = AmbientOnly(1);
  Points3 per_face(2, 3), per_vertex(4, 3);
  per_face << 1, 0, 0, 0, 0, 1;
  per_vertex << 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1;  // bright on the left
  const cv::Mat faces = RenderMesh(Black(), plate.vertices, plate.faces, kSmallCamera,
                                   Paint::PerFace(per_face), options);
  EXPECT_EQ(faces.at<cv::Vec3b>(10, 50), cv::Vec3b(0, 0, 255));
  EXPECT_EQ(faces.at<cv::Vec3b>(50, 10), cv::Vec3b(255, 0, 0));
  const cv::Mat shaded = RenderMesh(Black(), plate.vertices, plate.faces, kSmallCamera,
                                    Paint::PerVertex(per_vertex), options);
  for (int x : {5, 20, 40, 60}) {
    EXPECT_NEAR(LinearFromSrgb8(shaded.at<cv::Vec3b>(32, x)[1]), 1 - (x + 0.5) / 64, 0.01);
  }
  EXPECT_THROW(RenderMesh(Black(), plate.vertices, plate.faces, kSmallCamera,
                          Paint::PerVertex(per_face), options),
               std::logic_error);
}

// Twice as opaque on the right as the whole; what is behind is hidden all the same.
TEST(RenderMesh, VerticesHaveTheirOpacity) {
  const cv::Mat background(64, 64, CV_8UC3, cv::Scalar(3, 77, 200));
  const TestMesh plate = MakePlate(0, 64);
  RenderOptions options;
  options.lighting = AmbientOnly(1);
  options.opacity = 0.8;
  Paint white = Paint::Uniform(Vec3::Ones());
  const auto draw = [&](cv::Mat* coverage = nullptr) {
    return RenderMesh(background, plate.vertices, plate.faces, kSmallCamera, white, options,
                      coverage);
  };
  const cv::Mat plain = draw();
  white.opacity = VecX::Ones(4);
  EXPECT_EQ(cv::norm(plain, draw(), cv::NORM_INF), 0);
  white.opacity << 0, 1, 1, 0;  // 0 on the left
  cv::Mat coverage;
  const cv::Mat image = draw(&coverage);
  for (const int x : {5, 20, 40, 60}) {
    const double opacity = 0.8 * (x + 0.5) / 64;
    const double expected = opacity + (1 - opacity) * LinearFromSrgb8(77);
    EXPECT_NEAR(LinearFromSrgb8(image.at<cv::Vec3b>(32, x)[1]), expected, 0.01) << x;
    EXPECT_EQ(coverage.at<float>(32, x), 1);
  }
  white.opacity.resize(3);
  EXPECT_THROW(draw(), std::logic_error);
}

TEST(RenderMesh, TheInnerSideOfAnOpenSurfaceIsLit) {
  TestMesh plate = MakePlate(0, 64);
  plate.faces.col(1).swap(plate.faces.col(2));  // its back to the camera
  RenderOptions options;
  options.lighting = AmbientOnly(0);
  options.lighting.lights = {{{0, 0, -1}, Vec3::Ones()}};
  const Paint white = Paint::Uniform(Vec3::Ones());
  EXPECT_EQ(RenderMesh(Black(), plate.vertices, plate.faces, kSmallCamera, white, options)
                .at<cv::Vec3b>(32, 32)[0],
            255);
}

}  // namespace
}  // namespace gyre
