// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/follow_person.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/rng.h"
#include "person/crops.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kHeightPx = 500;

// Somebody of the height at x, whose arms hang or, in some measure, are spread; a noise of 3 px.
Person Somebody(double x_px, double height_px, double spread, double confidence, Rng* rng) {
  Person person;
  person.keypoints = Keypoints(FindKeypointSet("body25"));
  for (int i = 0; i < person.keypoints.size(); ++i) {
    const double down = height_px * i / 24, aside = (i % 2 ? 1 : -1) * (0.05 + spread) * height_px;
    person.keypoints.px.row(i) << x_px + aside + rng->Normal(0, 3), 40 + down + rng->Normal(0, 3);
    person.keypoints.confidence[i] = confidence;
  }
  person.box = *BoxAroundPoints(person.keypoints.px, person.keypoints.confidence, kBoxMargin);
  return person;
}

// Frames in which the places are as the lists stand.
std::vector<std::vector<Person>> Placed(std::vector<std::vector<Person>> frames) {
  for (auto& frame : frames) {
    for (size_t i = 0; i < frame.size(); ++i) frame[i].place = static_cast<int64_t>(i);
  }
  return frames;
}

PersonChoice Who(const char* text) { return PersonChoice::Parse(text); }

// Two walk past each other, and every second frame lists them the other way round.
TEST(FollowPerson, TwoWhoCrossAndChangePlaces) {
  Rng rng(1, RngStream::kTest);
  std::vector<std::vector<Person>> frames;
  std::vector<int> walker;  // the place of the one who walks right
  for (int i = 0; i < 60; ++i) {
    const Person right = Somebody(500 + 15 * i, kHeightPx, 0.02 * (i % 5), 0.7, &rng);
    const Person left = Somebody(1380 - 15 * i, 0.9 * kHeightPx, 0.02 * (i % 3), 0.7, &rng);
    frames.push_back(i % 2 ? std::vector{right, left} : std::vector{left, right});
    walker.push_back(i % 2 ? 0 : 1);
  }
  frames = Placed(frames);
  const FollowedPerson largest = FollowPerson(frames, Who("largest"));
  EXPECT_EQ(largest.chosen, walker);
  EXPECT_THAT(largest.jumps, IsEmpty());
  EXPECT_THAT(largest.lost, IsEmpty());
  // The first frame's person 0 walks left.
  const FollowedPerson zero = FollowPerson(frames, Who("0"));
  for (size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(zero.chosen[i], 1 - walker[i]) << i;
}

// A ghost of weak points around both is larger than anybody, and someone passes by near the camera.
TEST(FollowPerson, GhostsAndPassersByAreNotTheLargest) {
  Rng rng(2, RngStream::kTest);
  std::vector<std::vector<Person>> frames;
  for (int i = 0; i < 20; ++i) {
    frames.push_back({Somebody(600, 2 * kHeightPx, 0.3, 0.06, &rng),
                      Somebody(500 + 5 * i, kHeightPx, 0, 0.8, &rng)});
    if (i == 3 || i == 4) frames.back().push_back(Somebody(1500, 1.5 * kHeightPx, 0, 0.9, &rng));
  }
  frames = Placed(frames);
  EXPECT_THAT(FollowPerson(frames, Who("largest")).chosen, testing::Each(1));
  EXPECT_GT(Prominence(frames[0][1]), Prominence(frames[0][0]));
  EXPECT_DOUBLE_EQ(Prominence(frames[0][1]), 0.8 * frames[0][1].box.side_px);
}

// A bystander is there all the time, the larger one for less than half of it.
TEST(FollowPerson, TheLargestNeedNotBeThereForLong) {
  Rng rng(8, RngStream::kTest);
  std::vector<std::vector<Person>> frames;
  for (int i = 0; i < 30; ++i) {
    frames.push_back({Somebody(300, 0.7 * kHeightPx, 0, 0.9, &rng)});
    if (i >= 8 && i < 22) frames.back().push_back(Somebody(900, kHeightPx, 0, 0.9, &rng));
  }
  const FollowedPerson followed = FollowPerson(Placed(frames), Who("largest"));
  for (int i = 0; i < 30; ++i) EXPECT_EQ(followed.chosen[i], i >= 8 && i < 22 ? 1 : -1) << i;
}

// Hidden for a while behind another, who stays.
TEST(FollowPerson, WhoIsHiddenIsNotReplaced) {
  Rng rng(3, RngStream::kTest);
  std::vector<std::vector<Person>> frames;
  std::vector<int> expected;
  for (int i = 0; i < 40; ++i) {
    frames.push_back({Somebody(800, 0.8 * kHeightPx, 0, 0.9, &rng)});
    const bool hidden = i >= 15 && i < 23;
    if (!hidden) frames.back().push_back(Somebody(500 + 15 * i, kHeightPx, 0, 0.9, &rng));
    expected.push_back(hidden ? -1 : 1);
  }
  const FollowedPerson followed = FollowPerson(Placed(frames), Who("1"));
  EXPECT_EQ(followed.chosen, expected);
  EXPECT_THAT(followed.jumps, IsEmpty());
}

// While nobody sees the walker, somebody steps to where the walker was last: not the same person,
// as the walker has gone on by then.
TEST(FollowPerson, WhoIsHiddenGoesOn) {
  Rng rng(9, RngStream::kTest);
  std::vector<std::vector<Person>> frames;
  for (int i = 0; i < 24; ++i) {
    frames.emplace_back();
    if (i < 10 || i >= 16) {
      frames.back().push_back(Somebody(300 + 60 * i, kHeightPx, 0, 0.9, &rng));
    }
    if (i >= 16) frames.back().push_back(Somebody(300 + 60 * 9, kHeightPx, 0, 0.9, &rng));
  }
  const FollowedPerson followed = FollowPerson(Placed(frames), Who("0"));
  for (int i = 0; i < 24; ++i) {
    EXPECT_EQ(followed.chosen[i], i < 10 || i >= 16 ? 0 : -1) << i;
  }
  EXPECT_THAT(followed.jumps, IsEmpty());
}

TEST(FollowPerson, FramesWithoutAnybody) {
  Rng rng(4, RngStream::kTest);
  std::vector<std::vector<Person>> frames(9);
  EXPECT_THAT(FollowPerson(frames, Who("largest")).chosen, testing::Each(-1));
  frames[2] = {Somebody(500, kHeightPx, 0, 1, &rng)};
  frames[7] = {Somebody(540, kHeightPx, 0, 1, &rng)};
  const FollowedPerson followed = FollowPerson(Placed(frames), Who("0"));
  EXPECT_THAT(followed.chosen, ElementsAre(-1, -1, 0, -1, -1, -1, -1, 0, -1));
  EXPECT_THAT(followed.jumps, IsEmpty());
  EXPECT_TRUE(FollowPerson({}, Who("0")).chosen.empty());
}

// The scene is cut: somebody alone is followed and told, one of several is not guessed.
TEST(FollowPerson, TellsWhereTheChoiceJumps) {
  Rng rng(5, RngStream::kTest);
  std::vector<std::vector<Person>> frames;
  for (int i = 0; i < 6; ++i) {
    frames.push_back({Somebody(i < 3 ? 300 : 1700, kHeightPx, 0, 1, &rng)});
  }
  const FollowedPerson alone = FollowPerson(Placed(frames), Who("0"));
  EXPECT_THAT(alone.chosen, testing::Each(0));
  ASSERT_EQ(alone.jumps.size(), 1u);
  EXPECT_EQ(alone.jumps[0].from, 2);
  EXPECT_EQ(alone.jumps[0].to, 3);

  for (int i = 3; i < 6; ++i) frames[i].push_back(Somebody(2700, kHeightPx, 0, 1, &rng));
  const FollowedPerson several = FollowPerson(Placed(frames), Who("0"));
  EXPECT_THAT(several.chosen, ElementsAre(0, 0, 0, -1, -1, -1));
  EXPECT_THAT(several.jumps, IsEmpty());
  EXPECT_THAT(several.lost, ElementsAre(2));
}

// Person 1 is there from the third frame on, and is the person 0 of the frames before.
TEST(FollowPerson, FollowsBackwardsToo) {
  Rng rng(6, RngStream::kTest);
  std::vector<std::vector<Person>> frames;
  for (int i = 0; i < 5; ++i) {
    const Person constant = Somebody(900, kHeightPx, 0.1, 1, &rng);
    const Person newcomer = Somebody(200, kHeightPx, 0, 1, &rng);
    frames.push_back(i < 2 ? std::vector{constant} : std::vector{newcomer, constant});
  }
  EXPECT_THAT(FollowPerson(Placed(frames), Who("1")).chosen, ElementsAre(0, 0, 1, 1, 1));
}

// More people than are followed, without end.
TEST(FollowPerson, CrowdsTakeNoEnd) {
  Rng rng(7, RngStream::kTest);
  std::vector<std::vector<Person>> frames(3);
  for (auto& frame : frames) {
    for (int i = 0; i < 3000; ++i) {
      frame.push_back(Somebody(3 * i, i == 1234 ? kHeightPx : 40, 0, 1, &rng));
    }
  }
  EXPECT_THAT(FollowPerson(Placed(frames), Who("largest")).chosen, testing::Each(1234));
}

}  // namespace
}  // namespace gyre
