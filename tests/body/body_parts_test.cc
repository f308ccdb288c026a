// SPDX-License-Identifier: Apache-2.0
#include "body/body_parts.h"

#include <gtest/gtest.h>

#include <array>

#include "body/joints.h"

namespace gyre {
namespace {

TEST(BodyParts, LandmarksAndSidesAreWhereTheyBelong) {
  const BodyModel body = MakeBuiltinBody();
  const std::vector<uint8_t> parts = PartsOfFaces(body);
  ASSERT_EQ(parts.size(), static_cast<size_t>(body.faces.rows()));
  std::array<int, kNumBodyParts + 1> faces{};
  for (int face = 0; face < body.faces.rows(); ++face) {
    ++faces[parts[face]];
    double x = 0;
    for (const int vertex : body.faces.row(face)) {
      x += body.v_template(vertex, 0) / 3;
      const auto expect_at = [&](const char* landmark, int part) {
        if (body.landmark_vertices[FindJoint(landmark).source_idx] == vertex) {
          EXPECT_EQ(parts[face], part) << landmark;
        }
      };
      expect_at("Nose", kHeadPart);
      expect_at("OP RHeel", kRightLegPart);
      expect_at("OP LBigToe", kLeftLegPart);
      expect_at("Right Index Tip", kRightArmPart);
      expect_at("Left Thumb Tip", kLeftArmPart);
    }
    // The person's left is +x.
    if (parts[face] == kLeftArmPart || parts[face] == kLeftLegPart) {
      EXPECT_GT(x, -0.02);
    }
    if (parts[face] == kRightArmPart || parts[face] == kRightLegPart) {
      EXPECT_LT(x, 0.02);
    }
  }
  EXPECT_EQ(faces[0], 0);
  for (int part = 1; part <= kNumBodyParts; ++part) EXPECT_GT(faces[part], 20) << part;
  EXPECT_NEAR(faces[kRightArmPart], faces[kLeftArmPart], 0.1 * faces[kLeftArmPart]);
  EXPECT_NEAR(faces[kRightLegPart], faces[kLeftLegPart], 0.1 * faces[kLeftLegPart]);
}

}  // namespace
}  // namespace gyre
