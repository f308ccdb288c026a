// SPDX-License-Identifier: Apache-2.0
#include "body/limbs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "body/anatomy.h"
#include "body/joints.h"

namespace gyre {
namespace {

using testing::ElementsAre;

// All 49 spelt out: 25 of OpenPose, then the 24 that people annotated.
TEST(Limbs, OfSpinsKeypointsAreExchangedByThisList) {
  EXPECT_THAT(SpinKeypointsWithLimbsExchanged(Limbs::kNone),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                          21, 22, 23, 24,  //
                          25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
                          43, 44, 45, 46, 47, 48));
  EXPECT_THAT(SpinKeypointsWithLimbsExchanged(Limbs::kArms),
              ElementsAre(0, 1, 5, 6, 7, 2, 3, 4,  // nose, neck, right arm, left arm
                          8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,  //
                          25, 26, 27, 28, 29, 30,                                            // legs
                          36, 35, 34, 33, 32, 31,  // from right wrist to left wrist
                          37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48));
  EXPECT_THAT(SpinKeypointsWithLimbsExchanged(Limbs::kLegs),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7,    //
                          8, 12, 13, 14, 9, 10, 11,  // hips, knees, ankles
                          15, 16, 17, 18,            // eyes and ears
                          22, 23, 24, 19, 20, 21,    // big toes, small toes, heels
                          30, 29, 28, 27, 26, 25,    // from right ankle to left ankle
                          31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48));
}

TEST(Limbs, OfOtherSetsAreExchangedByTheirNames) {
  const auto exchanged = [](std::string_view set, Limbs limbs) {
    return WithLimbsExchanged(FindKeypointSet(set), limbs);
  };
  EXPECT_THAT(exchanged("coco17", Limbs::kArms),
              ElementsAre(0, 1, 2, 3, 4, 6, 5, 8, 7, 10, 9, 11, 12, 13, 14, 15, 16));
  EXPECT_THAT(exchanged("coco17", Limbs::kLegs),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 11, 14, 13, 16, 15));
  EXPECT_THAT(exchanged("mpii16", Limbs::kArms),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 14, 13, 12, 11, 10));
  EXPECT_THAT(exchanged("mpii16", Limbs::kLegs),
              ElementsAre(5, 4, 3, 2, 1, 0, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

}  // namespace
}  // namespace gyre
