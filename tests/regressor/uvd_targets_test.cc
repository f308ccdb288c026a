// SPDX-License-Identifier: Apache-2.0
#include "regressor/losses/uvd_targets.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

// Keypoints of two of whose points there are two names; seen are a knee, a hip and a spine.
const KeypointSet& KnownSet() {
  static const KeypointSet set{"known",
                               {"OP RKnee", "Right Hip", "Left Hip", "Right Knee", "Neck (LSP)"}};
  return set;
}
const KeypointSet& SeenSet() {
  static const KeypointSet set{"seen", {"SMPL R_Knee", "Left Hip", "SMPL Spine1"}};
  return set;
}

Targets OnePerson() {
  Targets targets;
  targets.set = &KnownSet();
  targets.keypoints = at::zeros({1, 5, 3}, at::kDouble);
  targets.joints = at::zeros({1, 3, 4}, at::kDouble);  // of Left Hip, Right Knee, Neck
  targets.joints_first = 2;
  targets.has_joints = at::zeros({1}, at::kDouble);
  targets.valid = at::ones({1}, at::kDouble);
  return targets;
}

void Set(const at::Tensor& row, std::vector<double> values) {
  for (size_t i = 0; i < values.size(); ++i) row[static_cast<int64_t>(i)] = values[i];
}

TEST(UvdTargets, AKeypointMayHaveAnotherName) {
  Targets targets = OnePerson();
  Set(targets.keypoints[0][3], {0.1, 0.2, 0.7});  // Right Knee
  Set(targets.keypoints[0][2], {-0.3, 0.4, 1});   // Left Hip
  UvdTargets(SeenSet(), KnownSet()).AddTo({}, &targets);
  EXPECT_EQ(targets.uvd_set, &SeenSet());
  const double expected[3][3] = {{0.1, 0.2, 0.7}, {-0.3, 0.4, 1}, {0, 0, 0}};
  for (int j = 0; j < 3; ++j) {
    EXPECT_EQ(Value(targets.uvd[0][j][0]), expected[j][0]);
    EXPECT_EQ(Value(targets.uvd[0][j][1]), expected[j][1]);
    EXPECT_EQ(Value(targets.uvd_weight[0][j][0]), expected[j][2]);
    EXPECT_EQ(Value(targets.uvd_weight[0][j][1]), expected[j][2]);
    EXPECT_EQ(Value(targets.uvd_weight[0][j][2]), 0);
  }
  // Of two names the first that is observed.
  Set(targets.keypoints[0][0], {0.8, 0.9, 0.3});
  UvdTargets(SeenSet(), KnownSet()).AddTo({}, &targets);
  EXPECT_EQ(Value(targets.uvd[0][0][0]), 0.8);
  EXPECT_EQ(Value(targets.uvd_weight[0][0][0]), 0.3);
}

TEST(UvdTargets, TheBodyThatTeachesFillsWhatIsNotObserved) {
  Targets targets = OnePerson();
  Set(targets.keypoints[0][2], {-0.3, 0.4, 0.6});
  SeenBody body{at::zeros({1, 3, 3}, at::kDouble), at::full({1, 3, 2}, 0.25, at::kDouble)};
  // The set has no two hips: the first joint is its root.
  Set(body.joints[0][0], {0, 0, 5});
  Set(body.joints[0][1], {0, 0, 5.5});
  Set(body.joints[0][2], {0, 0, 4.8});
  const UvdTargets make(SeenSet(), KnownSet());
  make.AddTo(body, &targets);
  const double uvd[3][3] = {{0.25, 0.25, 0}, {-0.3, 0.4, 0.5}, {0.25, 0.25, -0.2}};
  const double weight[3] = {1, 0.6, 1};
  for (int j = 0; j < 3; ++j) {
    for (int axis = 0; axis < 3; ++axis) {
      EXPECT_NEAR(Value(targets.uvd[0][j][axis]), uvd[j][axis], 1e-12);
      EXPECT_EQ(Value(targets.uvd_weight[0][j][axis]), axis < 2 ? weight[j] : 1);
    }
  }
  // A body that does not count fills nothing.
  targets.valid[0] = 0;
  make.AddTo(body, &targets);
  EXPECT_EQ(Value(targets.uvd_weight.sum()), 1.2);
}

TEST(UvdTargets, LabelsOfDepthStandAboveTheBody) {
  Targets targets = OnePerson();
  targets.has_joints[0] = 1;
  // Without both hips the first of what is known in space is the root: the left hip.
  Set(targets.joints[0][0], {1, 1, 2, 1});
  Set(targets.joints[0][1], {1, 1, 2.7, 0.5});
  SeenBody body{at::zeros({1, 3, 3}, at::kDouble), at::zeros({1, 3, 2}, at::kDouble)};
  const UvdTargets make(SeenSet(), KnownSet());
  make.AddTo(body, &targets);
  EXPECT_NEAR(Value(targets.uvd[0][0][2]), 0.7, 1e-12);
  EXPECT_EQ(Value(targets.uvd_weight[0][0][2]), 0.5);
  EXPECT_EQ(Value(targets.uvd[0][1][2]), 0);
  EXPECT_EQ(Value(targets.uvd_weight[0][1][2]), 1);
  // Without the root there is no depth.
  targets.joints[0][0][3] = 0;
  make.AddTo({}, &targets);
  EXPECT_EQ(Value(targets.uvd_weight.select(2, 2).sum()), 0);
}

}  // namespace
}  // namespace gyre
