// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/clip_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "datasets/dataset_test_util.h"
#include "datasets/decorators/loader.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

// Persons of given (track, frame); `lost` has no box.
class FollowedDataset : public FlatDataset {
 public:
  FollowedDataset(std::string name, std::vector<std::pair<int64_t, int64_t>> track_frame,
                  std::set<int64_t> lost = {})
      : FlatDataset(std::move(name), static_cast<int64_t>(track_frame.size())),
        track_frame_(std::move(track_frame)),
        lost_(std::move(lost)) {}

  Person Get(int64_t position) const override {
    Person person = FlatDataset::Get(position);
    std::tie(person.track, person.frame) = track_frame_[position];
    if (lost_.contains(position)) person.box.side_px = 0;
    return person;
  }

 private:
  std::vector<std::pair<int64_t, int64_t>> track_frame_;
  std::set<int64_t> lost_;
};

// Track 4 has frames 2 to 8 but for 6, track 1 the frames 0 and 1; three photographs stand between.
const std::vector<std::pair<int64_t, int64_t>> kPeople = {
    {4, 2}, {-1, 7}, {4, 3}, {4, 5}, {4, 4}, {1, 0}, {-1, 8}, {4, 7}, {4, 8}, {1, 1}, {-1, 9}};

TEST(ClipRunsTest, AreCutWhereTheFramesNumberSaysSo) {
  const ClipRuns runs(FollowedDataset("people", kPeople), 4);
  std::vector<std::vector<int64_t>> positions;
  for (int64_t run = 0; run < runs.size(); ++run) positions.push_back(runs.Positions(run));
  EXPECT_THAT(positions, ElementsAre(ElementsAre(5, 9),        // track 1
                                     ElementsAre(0, 2),        // frames 2 and 3 of track 4
                                     ElementsAre(4, 3),        // 4 and 5
                                     ElementsAre(7),           // 7, behind the gap
                                     ElementsAre(8),           // 8 begins the next four
                                     ElementsAre(1, 6, 10)));  // nobody's
}

TEST(ClipRunsTest, TwoPersonsTellWhetherTheyAreOfOne) {
  const FollowedDataset data("people", kPeople), others("others", kPeople);
  const auto goes_on = [&](int64_t before, int64_t after, int frames) {
    return GoesOn(data.Get(before), data.Get(after), frames);
  };
  EXPECT_TRUE(goes_on(0, 2, 4));   // 2, 3
  EXPECT_FALSE(goes_on(2, 4, 4));  // 3, 4
  EXPECT_TRUE(goes_on(2, 4, 3));
  EXPECT_FALSE(goes_on(3, 7, 4));  // 5, 7
  EXPECT_FALSE(goes_on(4, 2, 5));  // 4, 3
  EXPECT_FALSE(goes_on(1, 6, 4));  // nobody's
  EXPECT_FALSE(goes_on(9, 0, 5));  // of two tracks
  EXPECT_FALSE(GoesOn(data.Get(0), others.Get(2), 4));
}

LoaderOptions RunsOf(int frames, int batch_size, bool shuffle) {
  LoaderOptions options = LoaderOptions::Evaluation(batch_size, 16);
  options.picture = LoaderPicture::kNone;
  options.workers = 0;
  options.run_frames = frames;
  options.shuffle = options.drop_last = shuffle;
  options.seed = 5;
  return options;
}

std::vector<int64_t> IndicesOf(const Batch& batch) {
  std::vector<int64_t> rows;
  for (const Person& sample : batch.samples) rows.push_back(sample.index);
  return rows;
}

TEST(ClipRunsTest, ALoaderBringsThemWholeAndInOrder) {
  Loader loader(MixtureOf(std::make_shared<FollowedDataset>("people", kPeople)),
                RunsOf(4, 8, false));
  ASSERT_EQ(loader.steps_per_epoch(), 3);  // two runs each
  EXPECT_THAT(IndicesOf(loader.Next()), ElementsAre(5, 9, 0, 2));
  EXPECT_THAT(IndicesOf(loader.Next()), ElementsAre(4, 3, 7));
  EXPECT_THAT(IndicesOf(loader.Next()), ElementsAre(8, 1, 6, 10));
}

// In training in another order, each once in an epoch, from any step, on any number of threads.
TEST(ClipRunsTest, ALoaderShufflesRunsNotFrames) {
  const Mixture people = MixtureOf(std::make_shared<FollowedDataset>("people", kPeople));
  const LoaderOptions options = RunsOf(4, 8, true);
  Loader loader(people, options);
  ASSERT_EQ(loader.steps_per_epoch(), 3);
  std::vector<std::vector<int64_t>> batches;
  std::multiset<int64_t> seen;
  for (int step = 0; step < 6; ++step) {
    const Batch batch = loader.Next();
    batches.push_back(IndicesOf(batch));
    if (step < 3) seen.insert(batches.back().begin(), batches.back().end());
    for (int i = 1; i < batch.size(); ++i) {
      const Person &before = batch.samples[i - 1], &after = batch.samples[i];
      if (after.frame % 4 != 0 && after.track >= 0 && after.frame > 2 && after.frame != 7) {
        EXPECT_TRUE(GoesOn(before, after, 4)) << before.index << ", " << after.index;
      }
    }
  }
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_NE(batches[0], batches[3]);
  LoaderOptions threads = options;
  threads.workers = 2;
  Loader again(people, threads);
  again.Seek(1, 1);
  EXPECT_THAT(IndicesOf(again.Next()), ElementsAreArray(batches[4]));
}

TEST(ClipRunsTest, WhoCannotBeUsedLeavesTheOthersOfTheRun) {
  const std::vector<std::pair<int64_t, int64_t>> frames = {{2, 0}, {2, 1}, {2, 2}, {2, 3}, {2, 4}};
  LoaderOptions options = RunsOf(3, 6, true);
  Loader loader(
      MixtureOf(std::make_shared<FollowedDataset>("people", frames, std::set<int64_t>{1})),
      options);
  for (int step = 0; step < 4; ++step) {
    std::vector<int64_t> rows = IndicesOf(loader.Next());
    std::ranges::sort(rows);
    EXPECT_THAT(rows, ElementsAre(0, 2, 3, 4)) << step;
  }
  // Of a run that is lost whole another one stands in the place.
  Loader other(
      MixtureOf(std::make_shared<FollowedDataset>("people", frames, std::set<int64_t>{0, 1, 2})),
      options);
  EXPECT_THAT(IndicesOf(other.Next()), ElementsAre(3, 4, 3, 4));
}

TEST(ClipRunsTest, ABatchHoldsWholeRuns) {
  LoaderOptions options = RunsOf(4, 10, true);
  try {
    options.Check();
    ADD_FAILURE() << "accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "loader: batch_size is 10, expected a multiple of run_frames, 4");
  }
}

}  // namespace
}  // namespace gyre
