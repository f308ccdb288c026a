// SPDX-License-Identifier: Apache-2.0
#include "datasets/scenes/mocap_clips.h"

#include <gtest/gtest.h>

#include <set>

#include "body/kinematics.h"
#include "core/error.h"
#include "datasets/decorators/clips.h"

namespace gyre {
namespace {

// Clips of 7, 5, ... frames at 60 a second, that walk along x and lift an arm.
std::vector<PoseClip> Walks(int count) {
  std::vector<PoseClip> clips;
  for (int c = 0; c < count; ++c) {
    const int frames = c % 2 == 0 ? 7 : 5;
    PoseClip clip{"walk", RowMatX::Zero(frames, 72), 60};
    clip.transl = Points3::Zero(frames, 3);
    for (int t = 0; t < frames; ++t) {
      clip.transl(t, 0) = 0.1 * t + c;
      clip.poses(t, 3 * 16 + 2) = 0.2 * t;
    }
    clips.push_back(std::move(clip));
  }
  return clips;
}

MocapDataset Open(const MocapOptions& options, int clips = 3, const char* set = "h36m17") {
  static const auto body = LoadBodyModel("builtin");
  return {*body, Walks(clips), FindKeypointSet(set), options, "mocap"};
}

TEST(MocapClips, AreTracksOfEveryCamera) {
  const MocapDataset data = Open({.views = 2, .fps = 30});
  EXPECT_EQ(data.size(), 2 * (4 + 3 + 4));  // of every second frame
  const auto shared = std::make_shared<MocapDataset>(data);
  const Clips clips(shared, ClipOptions());
  ASSERT_EQ(clips.size(), 6);
  EXPECT_EQ(clips.Positions(2), (std::vector<int64_t>{8, 9, 10}));
  const Person last = data.Get(21);
  EXPECT_EQ(last.track, 5);
  EXPECT_EQ(last.frame, 3);
  EXPECT_EQ(last.image_width, 1000);
}

// What is seen is where the joints are, within the picture, in front of the camera.
TEST(MocapClips, KeypointsAreTheProjectedJoints) {
  const MocapDataset data = Open({.views = 3, .fps = 60, .picture_px = 640, .focal_px = 700});
  for (int64_t i = 0; i < data.size(); ++i) {
    const Person person = data.Get(i);
    ASSERT_TRUE(person.joints3d && person.camera);
    EXPECT_TRUE(person.joints3d->placed);
    EXPECT_EQ(person.camera->center_px, Vec2(320, 320));
    for (int j = 0; j < 17; ++j) {
      const Vec3 joint = person.joints3d->m.row(j).transpose();
      const Vec2 px = person.keypoints.px.row(j).transpose();
      EXPECT_GT(joint.z(), 1);
      EXPECT_NEAR(px.x(), 700 * joint.x() / joint.z() + 320, 1e-3);
      EXPECT_NEAR(px.y(), 700 * joint.y() / joint.z() + 320, 1e-3);
      EXPECT_TRUE(px.minCoeff() > 0 && px.maxCoeff() < 640) << i << ", " << j;
    }
    // Head above feet: y points down.
    EXPECT_LT(person.keypoints.px(10, 1), person.keypoints.px(3, 1));
  }
}

// Every second frame of a walk of 0.1 m a frame, seen from opposite sides.
TEST(MocapClips, CamerasStandAroundStepsOfTheFramesTaken) {
  const MocapDataset data = Open({.views = 2, .fps = 30});
  const auto step = [&](int64_t i) -> Vec3 {
    return data.Get(i + 1).joints3d->m.row(0) - data.Get(i).joints3d->m.row(0);
  };
  EXPECT_NEAR(step(0).norm(), 0.2, 1e-5);
  EXPECT_NEAR(step(5).norm(), 0.2, 1e-5);
  EXPECT_GT(std::abs(step(0).x()), 0.01);
  EXPECT_NEAR(step(4).x(), -step(0).x(), 1e-5);
}

// A bone is as long in every frame and before every camera, and of another length in another clip.
TEST(MocapClips, ASubjectHasOneShape) {
  const MocapDataset data = Open({.views = 2, .fps = 60});
  const auto thigh = [&](int64_t i) {
    const Points3 m = data.Get(i).joints3d->m;
    return (m.row(1) - m.row(2)).norm();
  };
  EXPECT_NEAR(thigh(0), thigh(13), 1e-5);
  EXPECT_GT(std::abs(thigh(0) - thigh(14)), 1e-4);
}

TEST(MocapClips, PartsShareTheClipsOut) {
  const auto xs = [](const std::string& part) {
    const MocapDataset data = Open({.part = part, .views = 1, .fps = 60}, /*clips=*/8);
    std::set<int64_t> tracks;
    for (int64_t i = 0; i < data.size(); ++i) tracks.insert(data.Get(i).track);
    return std::pair(data.size(), static_cast<int>(tracks.size()));
  };
  EXPECT_EQ(xs(""), std::pair(int64_t{4 * 7 + 4 * 5}, 8));
  EXPECT_EQ(xs("0/3"), std::pair(int64_t{7 + 5 + 7}, 3));            // 0, 3, 6
  EXPECT_EQ(xs("1-2/3"), std::pair(int64_t{5 + 7 + 7 + 5 + 5}, 5));  // 1, 2, 4, 5, 7
  for (const char* bad : {"3/3", "2-1/4", "x", "1/", "/4", "0/0", "1-2", "-1/4", "1/4 "}) {
    EXPECT_THROW(Open({.part = bad}), UserError) << bad;
  }
  EXPECT_THROW(Open({.part = "7/9"}), UserError);  // of three clips there is none
}

// Posed as that body, joints are where they are known to be, whatever is up in the motion capture.
TEST(MocapClips, BodiesAreTheOnesSeen) {
  const auto body = LoadBodyModel("builtin");
  const FoldedJoints joints(*body, FindKeypointSet("h36m17"));
  for (const MocapUp up : {MocapUp::kY, MocapUp::kZ}) {
    const MocapDataset data = Open({.up = up, .views = 3, .fps = 30, .seed = 4}, 2);
    VecX betas;
    for (int64_t i = 0; i < data.size(); ++i) {
      const Person person = data.Get(i);
      ASSERT_TRUE(person.params.has_value() && person.params_have_translation);
      const Points3 posed = joints.Positions(*person.params);
      EXPECT_LT((posed - person.joints3d->m).cwiseAbs().maxCoeff(), 2e-5) << i;
      if (person.track % 3 == 0 && person.frame == 0) betas = person.params->betas();
      EXPECT_EQ(VecX(person.params->betas()), betas) << i;
    }
    EXPECT_GT(betas.norm(), 0.1);
  }
}

TEST(MocapClips, LabelsAndKeypointsAreLeftOut) {
  const MocapDataset data = Open({.views = 1, .labels = false, .missing_rate = 0.3, .seed = 9});
  int seen = 0;
  for (int64_t i = 0; i < data.size(); ++i) {
    const Person person = data.Get(i);
    EXPECT_FALSE(person.joints3d.has_value());
    EXPECT_FALSE(person.params.has_value());
    EXPECT_TRUE(person.camera.has_value());
    seen += person.keypoints.NumObserved();
  }
  EXPECT_NEAR(seen / (17.0 * static_cast<double>(data.size())), 0.7, 0.12);
}

TEST(MocapClips, NoiseIsOfTheFrameAndTheCamera) {
  const MocapDataset exact = Open({.views = 2, .fps = 60}),
                     noisy = Open({.views = 2, .fps = 60, .noise_px = 3});
  double sum = 0, count = 0;
  std::set<double> draws;
  for (int64_t i = 0; i < noisy.size(); ++i) {
    const Points2 off = noisy.Get(i).keypoints.px - exact.Get(i).keypoints.px;
    sum += off.squaredNorm();
    count += static_cast<double>(off.size());
    draws.insert(off(0, 0));
    EXPECT_EQ(noisy.Get(i).keypoints.px, noisy.Get(i).keypoints.px);
  }
  EXPECT_NEAR(std::sqrt(sum / count), 3, 0.2);
  EXPECT_EQ(draws.size(), static_cast<size_t>(noisy.size()));
}

// Of SPIN's 49 the superset is known in space.
TEST(MocapClips, AnySetCanBeAskedFor) {
  const Person person = Open({.views = 1}, 1, "spin49").Get(2);
  EXPECT_EQ(person.keypoints.size(), 49);
  EXPECT_EQ(person.joints3d->set->name, "superset24");
  const int knee = FindKeypointSet("superset24").IndexOf("Left Knee");
  const int of49 = FindKeypointSet("spin49").IndexOf("Left Knee");
  const Vec2 px = person.camera->Project(person.joints3d->m.row(knee).transpose());
  EXPECT_LT((px - person.keypoints.px.row(of49).transpose()).norm(), 1e-3);
}

}  // namespace
}  // namespace gyre
