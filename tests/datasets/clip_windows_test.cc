// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/clip_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gyre {
namespace {

using ::testing::ElementsAre;

TEST(ClipWindows, CoverEachClipFromItsMiddle) {
  EXPECT_THAT(CoveringWindows(std::vector<int64_t>{9, 0, 4, 6}, 4, false),
              ElementsAre(ClipWindow{0, -1, 4}, ClipWindow{0, 3, 4}, ClipWindow{0, 7, 4},
                          ClipWindow{2, 0, 4}, ClipWindow{3, -1, 4}, ClipWindow{3, 3, 4}));
}

TEST(ClipWindows, MirroredCopiesStandBehind) {
  EXPECT_THAT(
      CoveringWindows(std::vector<int64_t>{2, 5}, 3, true),
      ElementsAre(ClipWindow{0, 0, 3}, ClipWindow{1, 0, 3}, ClipWindow{1, 3, 3},
                  ClipWindow{0, 0, 3, true}, ClipWindow{1, 0, 3, true}, ClipWindow{1, 3, 3, true}));
}

TEST(ClipWindows, FramesBeyondTheEndsAreThoseAtTheEnds) {
  EXPECT_THAT(FramesOf({0, -1, 4}, 9, 2, 3), ElementsAre(0, 0, 0, 0, 1, 2, 3, 4, 5));
  EXPECT_THAT(FramesOf({0, 7, 4}, 9, 3, 0), ElementsAre(4, 5, 6, 7, 8, 8, 8));
  EXPECT_THAT(FramesOf({0, 0, 1}, 1, 1, 2), ElementsAre(0, 0, 0, 0));
}

}  // namespace
}  // namespace gyre
