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

// A triangle for each of SMPL's bones, moved by it alone; the parts spelt out in SMPL's order.
TEST(BodyParts, EveryBoneBelongsToItsPart) {
  BodyModel body;
  body.faces.resize(24, 3);
  RowMatX weights = RowMatX::Zero(72, 24);
  for (int bone = 0; bone < 24; ++bone) {
    body.faces.row(bone) << 3 * bone + 2, 3 * bone, 3 * bone + 1;
    weights.block<3, 1>(3 * bone, bone).setOnes();
  }
  body.weights = weights.sparseView(0, 0);
  constexpr uint8_t kLeftLeg = 6, kRightLeg = 5, kLeftArm = 4, kRightArm = 3, kTorso = 2, kHead = 1;
  EXPECT_EQ(PartsOfFaces(body),
            (std::vector<uint8_t>{kTorso,   kLeftLeg,  kRightLeg,  // pelvis, hips
                                  kTorso,   kLeftLeg,  kRightLeg,  // spine 1, knees
                                  kTorso,   kLeftLeg,  kRightLeg,  // spine 2, ankles
                                  kTorso,   kLeftLeg,  kRightLeg,  // spine 3, feet
                                  kTorso,   kTorso,    kTorso,     // neck, collars
                                  kHead,    kLeftArm,  kRightArm,  // head, shoulders
                                  kLeftArm, kRightArm,             // elbows
                                  kLeftArm, kRightArm,             // wrists
                                  kLeftArm, kRightArm}));          // hands
  // Three corners' weights decide together, and the bones of one part together.
  weights.topRows(3) << RowMatX::Zero(3, 24);
  weights(0, 9) = 1;     // spine 3
  weights(1, 18) = 0.6;  // left elbow
  weights(1, 9) = 0.4;
  weights(2, 20) = 0.9;  // left wrist
  weights(2, 19) = 0.1;  // right elbow
  body.weights = weights.sparseView(0, 0);
  EXPECT_EQ(PartsOfFaces(body)[0], kLeftArm);  // 1.5 of the left arm, 1.4 of the torso
}

}  // namespace
}  // namespace gyre
