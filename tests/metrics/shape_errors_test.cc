// SPDX-License-Identifier: Apache-2.0
#include "metrics/shape_errors.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

// A square pyramid with a base of 0.6 x 0.6 m at y = -0.3 and its top at (0, 0.9, 0).
struct Pyramid {
  Points3 vertices{
      {-0.3, -0.3, -0.3}, {0.3, -0.3, -0.3}, {0.3, -0.3, 0.3}, {-0.3, -0.3, 0.3}, {0, 0.9, 0}};
  Faces faces{{0, 1, 2}, {0, 2, 3}, {0, 4, 1}, {1, 4, 2}, {2, 4, 3}, {3, 4, 0}};
};

TEST(SectionLength, OfAPyramid) {
  const Pyramid p;
  EXPECT_NEAR(SectionLength(p.vertices, p.faces, 0.3), 4 * 0.3, 1e-12);
  EXPECT_NEAR(SectionLength(p.vertices, p.faces, 0.75), 4 * 0.075, 1e-12);
  EXPECT_EQ(SectionLength(p.vertices, p.faces, -0.31), 0);
  EXPECT_EQ(SectionLength(p.vertices, p.faces, 0.95), 0);
  EXPECT_NEAR(SectionLength(p.vertices, p.faces, 0.9), 0, 1e-12);  // through the top
}

// Two joints, of which the waist is half way up; the first shape stretches it, the second widens
// it.
BodyModel PyramidBody(const char* second_joint) {
  const Pyramid p;
  BodyModel body;
  body.name = "pyramid";
  BodyLayout layout;
  layout.joints = {"Pelvis", second_joint};
  body.layout = std::make_shared<const BodyLayout>(layout);
  body.v_template = p.vertices;
  body.faces = p.faces;
  body.shapedirs = RowMatX::Zero(15, 2);
  for (int v = 0; v < 5; ++v) {
    body.shapedirs(3 * v + 1, 0) = 0.2 * (p.vertices(v, 1) + 0.3);
    body.shapedirs(3 * v, 1) = 0.5 * p.vertices(v, 0);
  }
  RowMatX regressor(2, 5);
  regressor << 0.25, 0.25, 0.25, 0.25, 0,  //
      0.125, 0.125, 0.125, 0.125, 0.5;
  body.J_regressor = regressor.sparseView(0, 0);
  return body;
}

TEST(ShapeErrors, OfAPyramidSpeltOut) {
  const BodyModel body = PyramidBody("Spine1");
  const ShapeMeasures mean = MeasureShape(body, VecX{{0, 0}});
  EXPECT_NEAR(mean.height_m, 1.2, 1e-12);
  EXPECT_NEAR(mean.girth_m, 4 * 0.3, 1e-12);  // half way up
  EXPECT_NEAR(mean.tpose(4, 1), 1.2, 1e-12);  // above the pelvis
  const ShapeMeasures other = MeasureShape(body, VecX{{-0.5, 2}});
  EXPECT_NEAR(other.height_m, 1.2 * 0.9, 1e-12);
  EXPECT_NEAR(other.girth_m, 2 * (0.6 + 0.3), 1e-12);  // twice as wide
  const ShapeErrors errors = ErrorsOf(other, mean);
  EXPECT_NEAR(errors.height_mm, 120, 1e-9);
  EXPECT_NEAR(errors.girth_mm, 600, 1e-9);
  // Four corners move by 0.3 m sideways, the top by 0.12 m down.
  EXPECT_NEAR(errors.tpose_mm, (4 * 300 + 120) / 5.0, 1e-9);
}

TEST(ShapeErrors, BodiesWithoutAWaistAreNamed) {
  try {
    MeasureShape(PyramidBody("Neck"), VecX{{0, 0}});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()).rfind("pyramid: has no joint Spine1", 0), 0)
        << error.what();
  }
}

}  // namespace
}  // namespace gyre
