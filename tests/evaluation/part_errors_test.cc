// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/part_errors.h"

#include <gtest/gtest.h>

#include <numeric>

#include "body/model_joints.h"
#include "body/test_body.h"
#include "core/align.h"

namespace gyre {
namespace {

// Of openpose135: rows [first, first + count).
double PaMm(const Points3& said, const Points3& truth, int first, int count) {
  std::vector<int> rows(count);
  std::iota(rows.begin(), rows.end(), first);
  const Points3 from = said(rows, Eigen::all), to = truth(rows, Eigen::all);
  double sum = 0;
  const Points3 moved = AlignSimilarity(from, to).Apply(from);
  for (int i = 0; i < count; ++i) sum += 1000 * (moved.row(i) - to.row(i)).norm();
  return sum / count;
}

BodyParams Drawn(const BodyModel& body, uint64_t seed) {
  Rng rng(seed, RngStream::kTest);
  BodyParams params(*body.layout);
  for (double& value : params.values()) value = 0.3 * rng.Normal();
  return params;
}

TEST(PartErrors, OfEachHandAndTheFaceByThemselves) {
  BodyModel body = MakeRandomSmplx(3, 400);
  for (int i = 0; i < kNumFaceLandmarks; ++i) {
    body.face_landmarks.push_back({{3 * i, 3 * i + 1, 3 * i + 5}, {0.5, 0.3, 0.2}});
  }
  PartErrors errors(body);
  ASSERT_TRUE(errors.Any());
  const BodyParams truth = Drawn(body, 1), said = Drawn(body, 2);
  errors.Add(said, truth);
  const KeypointSet& set = FindKeypointSet("openpose135");
  KeypointSet inner{"inner",
                    {set.joints.begin(), set.joints.begin() + 118}};  // without the outline
  const Points3 is = ModelJoints(body, said, inner), was = ModelJoints(body, truth, inner);
  ASSERT_EQ(errors.hands_mm().count(), 2);
  ASSERT_EQ(errors.face_mm().count(), 1);
  EXPECT_NEAR(errors.hands_mm().values()[0], PaMm(is, was, 25, 21), 1e-6);
  EXPECT_NEAR(errors.hands_mm().values()[1], PaMm(is, was, 46, 21), 1e-6);
  EXPECT_NEAR(errors.face_mm().values()[0], PaMm(is, was, 67, 51), 1e-6);
  EXPECT_GT(errors.hands_mm().Mean(), 1);

  PartErrors none(body);
  none.Add(truth, truth);
  EXPECT_LT(none.hands_mm().Mean(), 1e-9);
  EXPECT_LT(none.face_mm().Mean(), 1e-9);
}

TEST(PartErrors, BodiesWithoutFingersHaveNone) {
  PartErrors errors(MakeRandomBody(3));
  EXPECT_FALSE(errors.Any());
  errors.Add(BodyParams(SmplLayout()), BodyParams(SmplLayout()));
  EXPECT_EQ(errors.hands_mm().count() + errors.face_mm().count(), 0);
}

}  // namespace
}  // namespace gyre
