// SPDX-License-Identifier: Apache-2.0
#include "regressor/pose_anchors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "loop/detection/detect_people.h"
#include "loop/detection/people_finder.h"

namespace gyre {
namespace {

struct Raw {
  std::vector<float> boxes = std::vector<float>(kNumAnchors * kNumbersPerAnchor);
  std::vector<float> logits = std::vector<float>(kNumAnchors, -20);

  void Set(int anchor, float logit, const std::vector<float>& numbers) {
    logits[anchor] = logit;
    std::copy(numbers.begin(), numbers.end(), boxes.begin() + anchor * kNumbersPerAnchor);
  }
};

TEST(PoseAnchorsTest, PlacesAreRelativeToTheAnchor) {
  Raw raw;
  // The second anchor of the cell in column 3 of row 1 of 28 x 28: centre (3.5, 1.5) / 28.
  raw.Set(2 * (28 + 3) + 1, 0, {22.4f, -11.2f, 44.8f, 67.2f, 1, 2, 3, 4, 5, 6, 7, 8});
  // The last anchor: (6.5, 6.5) / 7.
  raw.Set(kNumAnchors - 1, 3, {0, 0, 0, 0, 224, 0, 0, 0, 0, 0, 0, -224});
  const std::vector<BodyDetection> found = DecodeDetections(raw.boxes, raw.logits, 0.5);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NEAR(found[0].score, 0.952574, 1e-6);  // the surest first
  EXPECT_LT((found[0].points[0] - Vec2(13.5 / 7, 6.5 / 7)).norm(), 1e-6);
  EXPECT_LT((found[0].points[3] - Vec2(6.5 / 7, -0.5 / 7)).norm(), 1e-6);
  EXPECT_EQ(found[1].score, 0.5);
  EXPECT_LT((found[1].low - Vec2(0.125, 1.5 / 28 - 0.2)).norm(), 1e-6);
  EXPECT_LT((found[1].high - Vec2(0.325, 1.5 / 28 + 0.1)).norm(), 1e-6);
  EXPECT_LT((found[1].points[1] - Vec2(0.125 + 3. / 224, 1.5 / 28 + 4. / 224)).norm(), 1e-6);
}

TEST(PoseAnchorsTest, TheMiddleGridsStandBehindTheFirst) {
  Raw raw;
  raw.Set(2 * 784 + 2 * 15, 1, std::vector<float>(12));               // 14 x 14: column 1 of row 1
  raw.Set(2 * 784 + 2 * 196 + 6 * 8 + 5, 2, std::vector<float>(12));  // 7 x 7: column 1 of row 1
  const std::vector<BodyDetection> found = DecodeDetections(raw.boxes, raw.logits, 0.5);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_LT((found[0].low - Vec2(1.5 / 7, 1.5 / 7)).norm(), 1e-6);
  EXPECT_LT((found[1].low - Vec2(1.5 / 14, 1.5 / 14)).norm(), 1e-6);
}

TEST(PoseAnchorsTest, WhatOverlapsIsBlended) {
  const auto at = [](double score, double x, double width) {
    BodyDetection one{.score = score, .low = Vec2(x, 0), .high = Vec2(x + width, 1)};
    one.points[2] = Vec2(x, 5 * x);
    return one;
  };
  // The second overlaps the first by 3 of 5 parts, the third by none, the fourth the third by 1
  // of 3.
  const std::vector<BodyDetection> blended = BlendDetections(
      {at(0.9, 0, 0.4), at(0.6, 0.1, 0.4), at(0.5, 0.6, 0.2), at(0.4, 0.7, 0.2)}, 0.5);
  ASSERT_EQ(blended.size(), 3u);
  EXPECT_EQ(blended[0].score, 0.9);
  EXPECT_NEAR(blended[0].low.x(), 0.04, 1e-12);  // 0.6 * 0.1 / 1.5
  EXPECT_NEAR(blended[0].points[2].y(), 0.2, 1e-12);
  EXPECT_EQ(blended[1].score, 0.5);
  EXPECT_NEAR(blended[1].low.x(), 0.6, 1e-12);
  EXPECT_NEAR(blended[2].low.x(), 0.7, 1e-12);
}

TEST(PoseNetworksTest, PlacesMoveToTheWarmMiddle) {
  const int side = 16;
  std::vector<float> heat(3 * side * side, -30);
  heat[5 * side + 6] = 30;                    // of the first: cell (6, 5) alone
  heat[side * side + 2 * side + 3] = -1;      // of the second: nowhere surely warm
  heat[2 * side * side + 9 * side + 8] = 30;  // of the third: two cells, one of them beyond reach
  heat[2 * side * side + 9 * side + 15] = 30;
  Points2 places(3, 2);
  places << 0.5, 0.25, 0.2, 0.2, 0.7, 0.6;
  RefineByHeat(heat, side, &places);
  EXPECT_NEAR(places(0, 0), 6. / 16, 1e-9);
  EXPECT_NEAR(places(0, 1), 5. / 16, 1e-9);
  EXPECT_EQ(places(1, 0), 0.2);
  EXPECT_NEAR(places(2, 0), 8. / 16, 1e-9);
  EXPECT_NEAR(places(2, 1), 9. / 16, 1e-9);
}

TEST(PeopleFinderTest, BoundsAreOfWhatIsSure) {
  Keypoints keypoints(FindKeypointSet("blazepose33"));
  keypoints.px.row(3) << 10, 20;
  keypoints.px.row(8) << 13, 5;
  keypoints.px.row(9) << 99, 99;
  keypoints.confidence[3] = 0.9;
  keypoints.confidence[8] = 0.8;
  keypoints.confidence[9] = 0.4;
  const PixelRect sure = BoundsOf(keypoints, 0.5);
  EXPECT_EQ(sure.low, Vec2(10, 5));
  EXPECT_EQ(sure.high, Vec2(13, 20));
  EXPECT_EQ(BoundsOf(keypoints, 0.95).high, Vec2(99, 99));  // all, where none is so sure
  // 2 x 10 of 3 x 15 + 4 x 10 - 2 x 10.
  EXPECT_DOUBLE_EQ(OverlapOf(sure, {{11, 10}, {15, 20}}), 20. / 65);
  EXPECT_EQ(OverlapOf(sure, {{20, 0}, {30, 9}}), 0);
}

// Pixel centres are at integers, and COCO's boxes count from the first pixel's edge.
TEST(DetectPeopleTest, AnAnnotationIsInCocosOrderAndPlace) {
  const KeypointSet& set = FindKeypointSet("blazepose33");
  FoundPerson person;
  person.score = 0.625;
  person.keypoints = Keypoints(set);
  const auto see = [&](std::string_view joint, double x, double y, double confidence) {
    person.keypoints.px.row(set.IndexOf(joint)) << x, y;
    person.keypoints.confidence[set.IndexOf(joint)] = confidence;
  };
  see("Left Shoulder", 30.256, 8.5, 0.90006);
  see("Right Knee", 12, 70.25, 0.75);
  see("OP LHeel", 35, 95, 0.875);
  see("Nose", 21, 2, 0.5);  // not sure enough for the box
  const auto found = AnnotationOf(person, 17, 4);
  EXPECT_EQ(found["id"], 17);
  EXPECT_EQ(found["image_id"], 4);
  EXPECT_EQ(found["score"], 0.625);
  EXPECT_EQ(found["num_keypoints"], 3);
  const auto& keypoints = found["keypoints"];
  ASSERT_EQ(keypoints.size(), 51u);
  EXPECT_EQ(keypoints[0], 21);
  EXPECT_EQ(keypoints[2], 0.5);
  EXPECT_EQ(keypoints[3 * 5], 30.26);  // left shoulder
  EXPECT_EQ(keypoints[3 * 5 + 1], 8.5);
  EXPECT_EQ(keypoints[3 * 5 + 2], 0.9001);
  EXPECT_EQ(keypoints[3 * 14 + 1], 70.25);  // right knee
  EXPECT_EQ(keypoints[3 * 6 + 2], 0);
  EXPECT_EQ(found["foot_kpts"][3 * 2], 35);  // big toe, small toe, heel
  EXPECT_EQ(found["bbox"], nlohmann::json({12.5, 9, 23, 86.5}));
  EXPECT_EQ(found["area"], 23 * 86.5);
}

// Somebody with sure shoulders and hips in the rectangle, and an ankle that is guessed far away.
FoundPerson Somebody(double score, double confidence, const PixelRect& sure) {
  const KeypointSet& set = FindKeypointSet("blazepose33");
  FoundPerson person;
  person.score = score;
  person.keypoints = Keypoints(set);
  const auto see = [&](std::string_view joint, const Vec2& px, double of) {
    person.keypoints.px.row(set.IndexOf(joint)) = px.transpose();
    person.keypoints.confidence[set.IndexOf(joint)] = of;
  };
  see("Left Shoulder", sure.low, confidence);
  see("Right Hip", sure.high, confidence);
  see("Right Ankle", sure.low - Vec2(60, 90), 0.4);
  return person;
}

TEST(PeopleFinderTest, NobodyIsFoundTwice) {
  DetectOptions options;
  options.max_overlap = 0.5;
  options.min_presence = 0.3;
  const auto xs = [](const std::vector<FoundPerson>& people) {
    std::vector<double> places;
    for (const FoundPerson& one : people) {
      places.push_back(BoundsOf(one.keypoints, 0.5).low.x());
    }
    return places;
  };
  // The second's rectangle shares 8 of 12 columns with the first's, the third's 4 of 16 with the
  // second's and none with the first's; the fourth is hardly there.
  const std::vector<FoundPerson> people = {
      Somebody(0.9, 0.7, {{0, 0}, {10, 20}}), Somebody(0.6, 0.8, {{2, 0}, {12, 20}}),
      Somebody(0.8, 0.9, {{10, 0}, {20, 20}}), Somebody(0.29, 1, {{50, 0}, {60, 20}})};
  EXPECT_THAT(xs(EachOnce(people, options)), testing::ElementsAre(10, 0));
  options.max_overlap = 0.7;
  EXPECT_THAT(xs(EachOnce(people, options)), testing::ElementsAre(10, 0, 2));
  options.max_people = 1;
  EXPECT_THAT(xs(EachOnce(people, options)), testing::ElementsAre(10));
}

TEST(PeopleFinderTest, OptionsSayWhatIsWrong) {
  DetectOptions options;
  options.model = "huge";
  EXPECT_THAT([&] { options.Check(); }, testing::Throws<UserError>());
  options = {};
  options.max_overlap = 1;
  EXPECT_THAT([&] { options.Check(); }, testing::Throws<UserError>());
  EXPECT_NO_THROW(DetectOptions().Check());
}

}  // namespace
}  // namespace gyre
