// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/frame_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gyre {
namespace {

using testing::ElementsAre;

std::vector<std::string> NamesOf(const FrameNames& frames) {
  std::vector<std::string> names;
  for (const NumberedFrame& frame : frames.frames) names.push_back(frame.name);
  return names;
}

std::vector<int64_t> PlacesOf(const FrameNames& frames) {
  std::vector<int64_t> places;
  for (const NumberedFrame& frame : frames.frames) places.push_back(frame.frame);
  return places;
}

TEST(FrameNames, NumbersWithoutZerosBeforeThem) {
  const FrameNames frames = NumberFrames({"f10", "f2", "f1", "f100"});
  EXPECT_THAT(NamesOf(frames), ElementsAre("f1", "f2", "f10", "f100"));
  EXPECT_THAT(PlacesOf(frames), ElementsAre(0, 1, 9, 99));
  EXPECT_TRUE(frames.one_video);
  EXPECT_EQ(frames.NameAfter(1, 3), "f5");
}

TEST(FrameNames, TheNumberIsWhatGoesUp) {
  // Of a camera, a date and a number only the second goes up.
  const FrameNames frames = NumberFrames({"cam2 0007_30fps", "cam2 0011_30fps", "cam2 0009_30fps"});
  EXPECT_THAT(NamesOf(frames),
              ElementsAre("cam2 0007_30fps", "cam2 0009_30fps", "cam2 0011_30fps"));
  EXPECT_THAT(PlacesOf(frames), ElementsAre(0, 1, 2));  // in steps of two
  EXPECT_TRUE(frames.one_video);
  EXPECT_EQ(frames.NameAfter(2, 2), "cam2 0015_30fps");
}

TEST(FrameNames, DigitsAndPointsOfAVideosName) {
  const FrameNames frames =
      NumberFrames({"001m_ang_2.6_win_1_000000000002", "001m_ang_2.6_win_1_000000000000",
                    "001m_ang_2.6_win_1_000000000001"});
  EXPECT_THAT(PlacesOf(frames), ElementsAre(0, 1, 2));
  EXPECT_EQ(frames.frames[2].name, "001m_ang_2.6_win_1_000000000002");
  EXPECT_TRUE(frames.one_video);
}

TEST(FrameNames, EvenStepsButForAGap) {
  const FrameNames frames = NumberFrames({"v_000", "v_005", "v_010", "v_025"});
  EXPECT_THAT(PlacesOf(frames), ElementsAre(0, 1, 2, 5));
  EXPECT_EQ(frames.NameAfter(2, 1), "v_015");
}

TEST(FrameNames, SeveralVideosAndNoNumbers) {
  const FrameNames two = NumberFrames({"b_4", "a_7", "a_9", "b_5"});
  EXPECT_THAT(NamesOf(two), ElementsAre("a_7", "a_9", "b_4", "b_5"));
  EXPECT_THAT(PlacesOf(two), ElementsAre(0, 2, 3, 4));
  EXPECT_FALSE(two.one_video);
  const FrameNames none = NumberFrames({"walk", "run", "sit"});
  EXPECT_THAT(NamesOf(none), ElementsAre("run", "sit", "walk"));
  EXPECT_THAT(PlacesOf(none), ElementsAre(0, 1, 2));
  EXPECT_TRUE(none.one_video);
  EXPECT_FALSE(NumberFrames({"f_1", "f_01"}).one_video);  // a number twice
  EXPECT_TRUE(NumberFrames({}).frames.empty());
  EXPECT_EQ(NumberFrames({"one"}).NameAfter(0, 5), "one");
}

TEST(FrameNames, NumbersTooLongToCount) {
  const std::string digits(400, '9');
  const FrameNames frames = NumberFrames({"f" + digits, "f1" + digits});
  EXPECT_THAT(PlacesOf(frames), ElementsAre(0, 1));
  EXPECT_FALSE(frames.one_video);
}

TEST(FrameNames, NaturalOrder) {
  EXPECT_TRUE(NaturalLess("a2b10", "a10b2"));
  EXPECT_TRUE(NaturalLess("a2b9", "a2b10"));
  EXPECT_TRUE(NaturalLess("a", "a1"));
  EXPECT_TRUE(NaturalLess("f007", "f8"));
  EXPECT_TRUE(NaturalLess("f07", "f7"));
  EXPECT_FALSE(NaturalLess("f7", "f07"));
  EXPECT_FALSE(NaturalLess("f7", "f7"));
}

}  // namespace
}  // namespace gyre
