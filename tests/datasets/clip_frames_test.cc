// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/clip_frames.h"

#include <gtest/gtest.h>

#include "datasets/dataset_test_util.h"
#include "datasets/decorators/loader.h"
#include "person/crops.h"

namespace gyre {
namespace {

// Rows 0 to 4 are frames 10 to 14 of a track, in another order; row 5 is a later frame of it behind
// a gap, row 6 nobody's. Of three joints the nose stands at (100 + 10 frame, 50), the left eye 4 px
// left of it, the right one 7 px right; the right one is not seen in frame 12.
class WalkDataset : public FlatDataset {
 public:
  WalkDataset() : FlatDataset("walk", 7) {}

  Person Get(int64_t position) const override {
    static constexpr int64_t kFrames[] = {12, 10, 11, 14, 13, 17, 3};
    Person person = FlatDataset::Get(position);
    person.frame = kFrames[position];
    person.track = position < 6 ? 2 : -1;
    person.image_width = 400;
    person.image_height = 300;
    person.keypoints = Keypoints(FindKeypointSet("coco17"));
    const double x = 100 + 10.0 * static_cast<double>(person.frame);
    person.keypoints.px.row(0) << x, 50;
    person.keypoints.px.row(1) << x - 4, 50;
    person.keypoints.px.row(2) << x + 7, 50;
    person.keypoints.confidence.head(3) << 0.5, 0.75, person.frame == 12 ? 0 : 0.25;
    return person;
  }
};

// The nose's x, of each frame.
std::vector<float> NoseX(const ClipFrames& frames, int64_t position, int before, int count,
                         const CropMap& crop) {
  std::vector<float> clip(static_cast<size_t>(count) * 17 * 3);
  frames.Write(position, before, count, crop, clip.data());
  std::vector<float> x;
  for (int t = 0; t < count; ++t) x.push_back(clip[static_cast<size_t>(t) * 17 * 3]);
  return x;
}

// 400 px in 100: a quarter, and pixel centres at integers.
float InCrop(double px) { return static_cast<float>(49.5 + (px - 200) / 4); }

TEST(ClipFramesTest, EdgesStandStillAndGapsAreEdges) {
  const ClipFrames frames(std::make_shared<WalkDataset>());
  EXPECT_EQ(frames.keypoints(), 17);
  const CropMap crop({Vec2(200, 150), 400}, 100);
  const auto expect = [&](int64_t position, int before, std::vector<int> of_frames) {
    const std::vector<float> x =
        NoseX(frames, position, before, static_cast<int>(of_frames.size()), crop);
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(x[i], InCrop(100 + 10 * of_frames[i]), 1e-4) << position << ", " << i;
    }
  };
  expect(0, 1, {11, 12, 13});                  // the middle
  expect(1, 3, {10, 10, 10, 10, 11, 12, 13});  // the first
  expect(3, 4, {10, 11, 12, 13, 14});          // the last, causal
  expect(4, 0, {13, 14, 14, 14});              // frames to come alone
  expect(5, 2, {17, 17, 17, 17, 17});          // behind the gap
  expect(6, 1, {3, 3, 3});                     // nobody's
}

TEST(ClipFramesTest, MirroredClipsHaveSidesExchanged) {
  const ClipFrames frames(std::make_shared<WalkDataset>());
  const CropMap crop({Vec2(200, 150), 400}, 100, 0, /*flip=*/true);
  std::vector<float> clip(2 * 17 * 3);
  frames.Write(0, 1, 2, crop, clip.data());  // frames 11 and 12
  const float* eleven = clip.data();
  EXPECT_NEAR(eleven[0], 99 - InCrop(210), 1e-4);
  EXPECT_NEAR(eleven[3], 99 - InCrop(217), 1e-4);  // the right eye is the left one now
  EXPECT_NEAR(eleven[6], 99 - InCrop(206), 1e-4);
  EXPECT_NEAR(eleven[4], 49.5 - 25, 1e-4);
  EXPECT_FLOAT_EQ(eleven[2], 0.5);
  EXPECT_FLOAT_EQ(eleven[5], 0.25);
  EXPECT_FLOAT_EQ(eleven[8], 0.75);
  const float* twelve = eleven + 17 * 3;
  EXPECT_EQ(twelve[3], 0);
  EXPECT_EQ(twelve[5], 0);  // not seen
  EXPECT_FLOAT_EQ(twelve[8], 0.75);
}

// VideoPose3D's units: 2 x / width - 1, 2 y / width - height / width.
TEST(ClipFramesTest, ALoaderBringsThemInTheWholePicture) {
  LoaderOptions options = LoaderOptions::Evaluation(4, 64);
  options.picture = LoaderPicture::kNone;
  options.workers = 0;
  options.whole_picture = true;
  options.clip_frames = 3;
  options.clip_before = 2;
  Loader loader(MixtureOf(std::make_shared<WalkDataset>()), options);
  const Batch batch = loader.Next();
  EXPECT_EQ(batch.clip_frames, 3);
  ASSERT_EQ(batch.clips.size(), 4u * 3 * 17 * 3);
  // Row 0 is frame 12, of the frames 10, 11, 12.
  for (int t = 0; t < 3; ++t) {
    const float* nose = &batch.clips[static_cast<size_t>(t) * 17 * 3];
    EXPECT_NEAR((nose[0] - 31.5) / 32, 2 * (200 + 10 * t) / 400.0 - 1, 1e-5);
    EXPECT_NEAR((nose[1] - 31.5) / 32, 2 * 50 / 400.0 - 300 / 400.0, 1e-5);
  }
  EXPECT_NEAR(batch.keypoints[0].px(0, 0), batch.clips[2 * 17 * 3], 1e-4);
}

TEST(ClipFramesTest, APictureOfUnknownSizeHasNoBox) {
  Person person;
  person.dataset = "own";
  EXPECT_THROW(PictureBox(person), UserError);
  person.image_width = 640;
  person.image_height = 481;
  EXPECT_EQ(PictureBox(person).side_px, 640);
  EXPECT_EQ(PictureBox(person).center_px, Vec2(320, 240.5));
}

}  // namespace
}  // namespace gyre
