// SPDX-License-Identifier: Apache-2.0
#include "fitting/body_outline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gyre {
namespace {

// A tetrahedron whose projection is the triangle (100, 50), (160, 50), (100, 90), and a face far
// inside it.
struct Wedge {
  Points3 vertices{{0, 0, 2}, {1.2, 0, 2}, {0, 0.8, 2}, {0.2, 0.1, 1}, {0.3, 0.2, 2}};
  Faces faces{{0, 1, 2}, {0, 2, 4}};
  Camera camera{100, {100, 50}};
};

TEST(BodyOutline, CoversWhatTheFacesCover) {
  const Wedge wedge;
  const auto outline = BodyOutline::Of(wedge.vertices, wedge.faces, wedge.camera, 0.5);
  ASSERT_NE(outline, nullptr);
  const GridFrame& frame = outline->frame();
  double covered = 0;
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      const Vec2 at = frame.Center(x, y);
      const bool inside =
          at.x() >= 100 && at.y() >= 50 && (at.x() - 100) / 60 + (at.y() - 50) / 40 <= 1;
      EXPECT_EQ(outline->Covers(x, y), inside) << at.transpose();
      covered += outline->Covers(x, y);
    }
  }
  EXPECT_NEAR(covered * 0.25, 60 * 40 / 2, 50);
}

TEST(BodyOutline, RunsAroundItAndPointsOut) {
  const Wedge wedge;
  const auto outline = BodyOutline::Of(wedge.vertices, wedge.faces, wedge.camera, 0.5);
  const Vec2 slanted = Vec2(40, 60).normalized();
  int left = 0, top = 0, slant = 0;
  for (const BorderPoint& point : outline->points()) {
    const double to_slant = slanted.dot(point.at_px - Vec2(160, 50));
    const double nearest = std::min(
        {std::abs(point.at_px.x() - 100), std::abs(point.at_px.y() - 50), std::abs(to_slant)});
    EXPECT_LT(nearest, 0.5) << point.at_px.transpose();
    left += point.normal.x() < -0.99;
    top += point.normal.y() < -0.99;
    slant += point.normal.dot(slanted) > 0.99;
  }
  EXPECT_NEAR(left, 2 * 40, 16);
  EXPECT_NEAR(top, 2 * 60, 16);
  EXPECT_GT(slant, 100);
}

TEST(BodyOutline, NamesTheVertexThatIsProjectedNearest) {
  const Wedge wedge;
  const auto outline = BodyOutline::Of(wedge.vertices, wedge.faces, wedge.camera, 1);
  EXPECT_EQ(outline->NearestVertex({158, 53}), 1);
  EXPECT_EQ(outline->NearestVertex({103, 88}), 2);
  EXPECT_EQ(outline->NearestVertex({119, 61}), 3);
  EXPECT_EQ(outline->VertexAt(3), Vec2(120, 60));
  EXPECT_EQ(outline->VertexAt(2), Vec2(100, 90));
}

TEST(BodyOutline, OfBodiesThatCannotBeProjectedThereIsNone) {
  Wedge wedge;
  wedge.vertices(3, 2) = -0.5;
  EXPECT_EQ(BodyOutline::Of(wedge.vertices, wedge.faces, wedge.camera, 1), nullptr);
  wedge.vertices(3, 2) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(BodyOutline::Of(wedge.vertices, wedge.faces, wedge.camera, 1), nullptr);
  wedge.vertices(3, 2) = 1e-1;
  EXPECT_EQ(BodyOutline::Of(wedge.vertices, wedge.faces, {1e9, {0, 0}}, 1), nullptr);
}

}  // namespace
}  // namespace gyre
