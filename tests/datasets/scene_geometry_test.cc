// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/scene_geometry.h"

#include <gtest/gtest.h>

#include <numbers>

namespace gyre {
namespace {

// A scene in which joint i of a set is seen at (10 + 3 i, 200 - 2 i), all but one of them.
SceneGeometry SceneOf(const KeypointSet& set, const char* out_of_frame) {
  SceneGeometry scene;
  scene.box = {Vec2(60, 150), 112};  // a pixel is two of the reference crop
  scene.keypoints_px.resize(set.size(), 2);
  for (int i = 0; i < set.size(); ++i) scene.keypoints_px.row(i) << 10 + 3 * i, 200 - 2 * i;
  scene.in_frame.assign(set.size(), true);
  scene.in_frame[set.IndexOf(out_of_frame)] = false;
  scene.covered.assign(set.size(), false);
  return scene;
}

TEST(SceneGeometry, KeypointsWithoutNoiseAreTheTruth) {
  const KeypointSet& set = FindKeypointSet("coco17");
  const SceneGeometry scene = SceneOf(set, "Left Wrist");
  Rng rng(1, RngStream::kTest);
  const Keypoints keypoints = DrawNoisyKeypoints(scene, set, KeypointNoise::None(), rng);
  EXPECT_EQ(keypoints.NumObserved(), 16);
  EXPECT_FALSE(keypoints.Observed(set.IndexOf("Left Wrist")));
  for (int i = 0; i < set.size(); ++i) {
    if (!keypoints.Observed(i)) continue;
    EXPECT_EQ(keypoints.px.row(i), scene.keypoints_px.row(i));
  }
}

// What is exchanged are positions and confidences together: where the left wrist was not seen, the
// right one is not afterwards, and the left stands where the right was.
TEST(SceneGeometry, ExchangedLimbsTakeTheirConfidencesAlong) {
  const KeypointSet& set = FindKeypointSet("coco17");
  const auto at = [&](const char* name) { return set.IndexOf(name); };
  KeypointNoise noise = KeypointNoise::None();
  noise.swap_rate = 1;
  int arms = 0, legs = 0;
  for (uint64_t draw = 0; draw < 12; ++draw) {
    Rng rng(2, RngStream::kTest, 0, draw);
    SceneGeometry scene = SceneOf(set, "Left Wrist");
    scene.in_frame[at("Right Knee")] = false;
    const Keypoints seen = DrawNoisyKeypoints(scene, set, noise, rng);
    EXPECT_EQ(seen.NumObserved(), 15);
    const bool exchanged_arms = seen.Observed(at("Left Wrist"));
    (exchanged_arms ? arms : legs) += 1;
    EXPECT_EQ(seen.Observed(at("Right Wrist")), !exchanged_arms);
    EXPECT_EQ(seen.Observed(at("Right Knee")), !exchanged_arms);
    EXPECT_EQ(seen.Observed(at("Left Knee")), exchanged_arms);
    const char* left = exchanged_arms ? "Left Elbow" : "Left Ankle";
    const char* right = exchanged_arms ? "Right Elbow" : "Right Ankle";
    EXPECT_EQ(seen.px.row(at(left)), scene.keypoints_px.row(at(right)));
    EXPECT_EQ(seen.px.row(at(right)), scene.keypoints_px.row(at(left)));
    const char* other = exchanged_arms ? "Left Ankle" : "Left Elbow";
    EXPECT_EQ(seen.px.row(at(other)), scene.keypoints_px.row(at(other)));
    EXPECT_EQ(seen.px.row(at("Left Eye")), scene.keypoints_px.row(at("Left Eye")));
  }
  EXPECT_GT(arms, 1);
  EXPECT_GT(legs, 1);
}

TEST(SceneGeometry, OnlyTheAnnotatedAreKept) {
  KeypointNoise noise = KeypointNoise::None();
  noise.joints = "lsp14";
  const SceneGeometry scene = SceneOf(SpinJoints(), "Right Knee");
  Rng rng(1, RngStream::kTest);
  const Keypoints keypoints = DrawNoisyKeypoints(scene, SpinJoints(), noise, rng);
  for (int i = 0; i < 49; ++i) {
    EXPECT_EQ(keypoints.Observed(i), i >= 25 && i < 39 && i != 26) << i;  // 26: the right knee
  }
}

TEST(SceneGeometry, NoiseIsInPixelsOfTheReferenceCrop) {
  KeypointNoise noise = KeypointNoise::None();
  noise.sigma_px = 4;
  const SceneGeometry scene = SceneOf(SpinJoints(), "Nose");
  double squares = 0;
  int count = 0;
  for (uint64_t draw = 0; draw < 100; ++draw) {
    Rng rng(3, RngStream::kTest, 0, draw);
    const Keypoints keypoints = DrawNoisyKeypoints(scene, SpinJoints(), noise, rng);
    for (int i = 0; i < 49; ++i) {
      if (!keypoints.Observed(i)) continue;
      squares += (keypoints.px.row(i) - scene.keypoints_px.row(i)).squaredNorm();
      count += 2;
    }
  }
  EXPECT_NEAR(std::sqrt(squares / count), 2, 0.05);
}

TEST(SceneGeometry, OccludersCoverWhatIsInThem) {
  SceneOccluder occluder;
  occluder.center_px = {20.5, 31};
  occluder.half_size_px = {8, 3};
  EXPECT_TRUE(occluder.Covers({28.4, 33.9}));
  EXPECT_FALSE(occluder.Covers({28.6, 31}));
  EXPECT_FALSE(occluder.Covers({20.5, 34.1}));
  occluder.round = true;
  EXPECT_FALSE(occluder.Covers({28.4, 33.9}));
  EXPECT_TRUE(occluder.Covers({28.4, 31}));
  occluder.angle_rad = std::numbers::pi / 2;
  EXPECT_FALSE(occluder.Covers({28.4, 31}));
  EXPECT_TRUE(occluder.Covers({20.5, 38.9}));
}

}  // namespace
}  // namespace gyre
