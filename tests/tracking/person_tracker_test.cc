// SPDX-License-Identifier: Apache-2.0
#include "loop/tracking/person_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/error.h"
#include "tracking/people.h"

namespace gyre {
namespace {

using testing::ElementsAre;

constexpr double kFps = 25;

// One hip, whose v is (2 0.107 0.48 100)^2 = 105.514.
TEST(Similarity, IsTheMeanOfOksAndOverlap) {
  Person person;
  person.keypoints = Keypoints(FindKeypointSet("body25"));
  const int hip = person.keypoints.set->IndexOf("OP RHip");
  person.keypoints.px.row(hip) << 50, 60;
  person.keypoints.confidence[hip] = 0.5;
  const auto similarity = [&](double x_px, double variance_px2) {
    PredictedJoints predicted{Points2::Zero(25, 2), VecX::Constant(25, variance_px2),
                              std::vector<bool>(25, true), 100};
    predicted.px.row(hip) << x_px, 60;
    return Similarity(predicted, person);
  };
  EXPECT_DOUBLE_EQ(similarity(50, 0), 1);
  EXPECT_NEAR(similarity(50, 105.514), 0.5 * (0.5 + 1), 1e-5);
  // 17.1 px off, exp(-17.1^2 / (4 v)) = 0.5; the boxes of 6 px do not meet.
  EXPECT_NEAR(similarity(50 + 17.104, 105.514), 0.5 * 0.25, 1e-4);
  // 2 px off, exp(-4 / (2 v)) = 0.98122; the boxes share 4 of 8 px.
  EXPECT_NEAR(similarity(52, 0), 0.5 * (0.98122 + 0.5), 1e-5);
  person.keypoints.confidence[hip] = 0;
  EXPECT_EQ(similarity(50, 0), 0);
}

// Two walk past each other, every second frame lists them the other way round.
TEST(PersonTracker, TwoWhoCross) {
  Rng rng(1, RngStream::kTest);
  PersonTracker tracker({}, kFps);
  for (int i = 0; i < 60; ++i) {
    const Person right = SomebodyAt(300 + 10 * i, kHeightPx, 0, &rng);
    const Person left = SomebodyAt(890 - 10 * i, 0.9 * kHeightPx, 0, &rng);
    const std::vector<Person> people = i % 2 ? std::vector{left, right} : std::vector{right, left};
    const std::vector<int64_t> expected =
        i % 2 ? std::vector<int64_t>{1, 0} : std::vector<int64_t>{0, 1};
    EXPECT_EQ(tracker.Add(i, people), expected) << i;
  }
  EXPECT_EQ(tracker.num_tracks(), 2);
}

// Three cross, a tenth of them is not found in a frame nor a fifth of the joints, and the one
// behind is not found at all where another is in front.
TEST(PersonTracker, ThreeWhoCrossAndAreMissed) {
  int right = 0, people = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed, RngStream::kTest, 1);
    PersonTracker tracker({}, kFps);
    std::map<int, std::map<int64_t, int>> tracks;  // of each person, how often
    for (int i = 0; i < 150; ++i) {
      const double x[] = {100.0 + 7 * i, 1100.0 - 7 * i, 500.0 + 0.8 * i};
      const double height[] = {400, 340, 300};
      std::vector<Person> found;
      std::vector<int> who;
      for (int k : {2, 0, 1}) {
        bool hidden = rng.Bernoulli(0.1);
        for (int nearer = 0; nearer < k; ++nearer) {
          hidden = hidden || std::abs(x[k] - x[nearer]) < 35;
        }
        if (hidden) continue;
        found.push_back(SomebodyAt(x[k], height[k], 0.2, &rng));
        who.push_back(k);
      }
      if (rng.Bernoulli(0.5)) {
        std::ranges::reverse(found);
        std::ranges::reverse(who);
      }
      const std::vector<int64_t> of = tracker.Add(i, found);
      for (size_t k = 0; k < of.size(); ++k) ++tracks[who[k]][of[k]];
    }
    for (const auto& [person, counts] : tracks) {
      int most = 0;
      for (const auto& [track, count] : counts) {
        people += count;
        most = std::max(most, count);
      }
      right += most;
    }
  }
  EXPECT_GE(right, 0.995 * people) << right << " of " << people;
}

// Nobody finds the walker for ten frames. Meanwhile somebody comes to where the walker was last.
TEST(PersonTracker, WhoIsHiddenGoesOn) {
  Rng rng(2, RngStream::kTest);
  PersonTracker tracker({}, kFps);
  for (int i = 0; i < 12; ++i) {
    const std::vector<Person> one = {SomebodyAt(300 + 12 * i, kHeightPx, 0, &rng)};
    EXPECT_THAT(tracker.Add(i, one), ElementsAre(0));
  }
  std::vector<Person> two = {SomebodyAt(300 + 12 * 11, kHeightPx, 0, &rng),
                             SomebodyAt(300 + 12 * 22, kHeightPx, 0, &rng)};
  EXPECT_THAT(tracker.Add(22, two), ElementsAre(1, 0));
}

TEST(PersonTracker, WhoIsGoneForLongIsAnother) {
  Rng rng(3, RngStream::kTest);
  TrackOptions options;
  options.max_gap_s = 0.8;  // 20 frames
  PersonTracker tracker(options, kFps);
  const auto here = [&](int64_t frame) {
    return tracker.Add(frame, std::vector{SomebodyAt(500, kHeightPx, 0, &rng)});
  };
  for (int i = 0; i < 8; ++i) EXPECT_THAT(here(i), ElementsAre(0));
  EXPECT_THAT(here(27), ElementsAre(0));
  EXPECT_THAT(here(48), ElementsAre(1));
  EXPECT_THAT(tracker.Add(49, {}), testing::IsEmpty());
}

// A tracker at twice the rate is as patient in frames that are half as long.
TEST(PersonTracker, TimeIsInSeconds) {
  for (const double fps : {12.5, 50.0, 120.0}) {
    Rng rng(5, RngStream::kTest);
    PersonTracker tracker({}, fps);
    for (int i = 0; i < 40; ++i) {
      const double seconds = i / fps;
      std::vector<Person> people = {SomebodyAt(300 + 250 * seconds, kHeightPx, 0.2, &rng),
                                    SomebodyAt(500 - 250 * seconds, 0.8 * kHeightPx, 0.2, &rng)};
      EXPECT_THAT(tracker.Add(i, people), ElementsAre(0, 1)) << fps << " " << i;
    }
  }
}

TEST(PersonTracker, WhoHasNoBoxHasNoTrack) {
  Rng rng(6, RngStream::kTest);
  TrackOptions options;
  options.max_people = 2;
  PersonTracker tracker(options, kFps);
  std::vector<Person> people = {Person(), SomebodyAt(900, 100, 0, &rng),
                                SomebodyAt(200, 400, 0, &rng), SomebodyAt(600, 300, 0, &rng)};
  EXPECT_THAT(tracker.Add(0, people), ElementsAre(-1, -1, 0, 1));
}

TEST(PersonTracker, OptionsNameTheirValues) {
  TrackOptions options;
  options.max_gap_s = -1;
  EXPECT_THROW(options.Check(), UserError);
  options = {};
  options.min_similarity = 1;
  EXPECT_THROW(options.Check(), UserError);
}

}  // namespace
}  // namespace gyre
