// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/clips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/dataset_test_util.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Persons of given (track, frame), in pictures of no interest.
class VideoDataset : public FlatDataset {
 public:
  explicit VideoDataset(std::vector<std::pair<int64_t, int64_t>> track_frame)
      : FlatDataset("video", static_cast<int64_t>(track_frame.size())),
        track_frame_(std::move(track_frame)) {}

  Person Get(int64_t position) const override {
    Person person = FlatDataset::Get(position);
    person.index = 100 + position;
    std::tie(person.track, person.frame) = track_frame_[position];
    return person;
  }

 private:
  std::vector<std::pair<int64_t, int64_t>> track_frame_;
};

std::vector<std::vector<int64_t>> ClipsOf(std::vector<std::pair<int64_t, int64_t>> persons,
                                          const ClipOptions& options) {
  const Clips clips(std::make_shared<VideoDataset>(std::move(persons)), options);
  std::vector<std::vector<int64_t>> positions;
  for (int64_t i = 0; i < clips.size(); ++i) positions.push_back(clips.Positions(i));
  return positions;
}

// Two people, frame by frame and out of order; a bystander whom nobody follows, and a photograph.
const std::vector<std::pair<int64_t, int64_t>> kTwo = {{7, 2}, {3, 1},  {7, 1}, {3, 0}, {-1, 1},
                                                       {7, 3}, {3, -1}, {7, 4}, {7, 6}};

TEST(Clips, FollowTracksInTheOrderOfTheFrames) {
  EXPECT_THAT(ClipsOf(kTwo, {}),
              ElementsAre(ElementsAre(3, 1), ElementsAre(2, 0, 5, 7), ElementsAre(8)));
  EXPECT_THAT(ClipsOf(kTwo, {.max_gap = 1}),
              ElementsAre(ElementsAre(3, 1), ElementsAre(2, 0, 5, 7, 8)));
  EXPECT_TRUE(ClipsOf({{-1, 4}, {2, -1}}, {}).empty());
}

TEST(Clips, AreCutToOneLength) {
  EXPECT_THAT(ClipsOf(kTwo, {.frames = 2}),
              ElementsAre(ElementsAre(3, 1), ElementsAre(2, 0), ElementsAre(5, 7)));
  EXPECT_THAT(ClipsOf(kTwo, {.frames = 3}), ElementsAre(ElementsAre(2, 0, 5)));
  EXPECT_THAT(ClipsOf(kTwo, {.frames = 3, .hop = 1}),
              ElementsAre(ElementsAre(2, 0, 5), ElementsAre(0, 5, 7)));
  EXPECT_THAT(ClipsOf(kTwo, {.frames = 2, .hop = 3, .max_gap = 1}),
              ElementsAre(ElementsAre(3, 1), ElementsAre(2, 0), ElementsAre(7, 8)));
}

TEST(Clips, GiveThePersons) {
  const Clips clips(std::make_shared<VideoDataset>(kTwo), {});
  const std::vector<Person> persons = clips.Get(0);
  ASSERT_EQ(persons.size(), 2u);
  EXPECT_EQ(persons[0].index, 103);
  EXPECT_EQ(persons[0].position, 3);
  EXPECT_EQ(persons[0].frame, 0);
  EXPECT_EQ(persons[1].frame, 1);
  EXPECT_EQ(clips.data().name(), "video");
  EXPECT_THROW(clips.Get(3), std::logic_error);
}

TEST(Clips, RefuseAFrameTwice) {
  EXPECT_THAT(UserErrorOf([] {
                ClipsOf({{1, 5}, {2, 6}, {1, 6}, {2, 6}}, {});
              }),
              AllOf(HasSubstr("rows 101 and 103"), HasSubstr("frame 6 of track 2")));
  EXPECT_THAT(UserErrorOf([] { ClipsOf({}, {.hop = -1}); }), HasSubstr("hop is -1"));
}

}  // namespace
}  // namespace gyre
