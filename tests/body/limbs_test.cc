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
using testing::ElementsAreArray;

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

// Pelvis, hips, spine, knees, ...: left before right; shoulder blades (13, 14) are the torso's.
TEST(Limbs, OfSmplsJointsAreExchangedByThisList) {
  const KeypointSet& smpl = FindKeypointSet("smpl24");
  EXPECT_THAT(WithLimbsExchanged(smpl, Limbs::kArms),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,  //
                          17, 16, 19, 18, 21, 20, 23, 22));
  EXPECT_THAT(WithLimbsExchanged(smpl, Limbs::kLegs),
              ElementsAre(0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10,  //
                          12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23));
}

// Whole bodies: 17 of the body, feet from 17 on, face from 23 on, left hand from 91, right from
// 112.
TEST(Limbs, OfWholeBodiesTakeHandsAndFeetAlong) {
  const KeypointSet& whole = FindKeypointSet("coco_wholebody133");
  EXPECT_THAT(WithLimbsExchanged(whole, Limbs::kArms),
              ElementsAreArray({0,   1,   2,   3,   4,   6,   5,   8,   7,   10,  9,   11,  12,
                                13,  14,  15,  16,            //
                                17,  18,  19,  20,  21,  22,  // feet
                                23,  24,  25,  26,  27,  28,  29,  30,  31,  32,  33,  34,  35,
                                36,  37,  38,  39,  40,  41,  42,  43,  44,  45,  46,  47,  48,
                                49,  50,  51,  52,  53,  54,  55,  56,  57,  58,  59,  60,  61,
                                62,  63,  64,  65,  66,  67,  68,  69,  70,  71,  72,  73,  74,
                                75,  76,  77,  78,  79,  80,  81,  82,  83,  84,  85,  86,  87,
                                88,  89,  90,  112, 113, 114, 115, 116, 117, 118, 119, 120, 121,
                                122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132,  // the right
                                                                                        // hand
                                91,  92,  93,  94,  95,  96,  97,  98,  99,  100, 101, 102, 103,
                                104, 105, 106, 107, 108, 109, 110, 111}));
  EXPECT_THAT(
      WithLimbsExchanged(whole, Limbs::kLegs),
      ElementsAreArray(
          {0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  12,  11,  14,  13,  16,  15,  //
           20,  21,  22,  17,  18,  19,  // big toe, small toe, heel of each foot
           23,  24,  25,  26,  27,  28,  29,  30,  31,  32,  33,  34,  35,  36,  37,  38,  39,  40,
           41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  52,  53,  54,  55,  56,  57,  58,
           59,  60,  61,  62,  63,  64,  65,  66,  67,  68,  69,  70,  71,  72,  73,  74,  75,  76,
           77,  78,  79,  80,  81,  82,  83,  84,  85,  86,  87,  88,  89,  90,  91,  92,  93,  94,
           95,  96,  97,  98,  99,  100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,  //
           112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129,
           130, 131, 132}));
}

}  // namespace
}  // namespace gyre
