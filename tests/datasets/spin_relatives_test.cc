// SPDX-License-Identifier: Apache-2.0
// SPIN's files by the keys of ProHMR and HMR 2.0.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/dataset_spec.h"
#include "io/io_test_util.h"
#include "io/npz.h"

namespace gyre {
namespace {

// Two rows; keypoint k of row r stands at (40 r + k, 10 + 8 k) with confidence (k + 1) / 32.
NdArray KeypointRows(int count) {
  std::vector<double> numbers;
  for (int row = 0; row < 2; ++row) {
    for (int k = 0; k < count; ++k) {
      numbers.insert(numbers.end(), {40.0 * row + k, 10 + 8.0 * k, (k + 1) / 32.0});
    }
  }
  return NdArray::From<double>({2, count, 3}, numbers);
}

Npz RelativeArrays() {
  Npz npz;
  npz["imgname"] = NdArray::FromStrings({"a.jpg", "b.jpg"});
  npz["center"] = NdArray::From<double>({2, 1, 2}, std::vector<double>{20, 100.5, 60, 101});
  npz["scale"] = NdArray::From<double>({2, 2}, std::vector<double>{90.5, 230, 240.25, 100});
  npz["body_keypoints_2d"] = KeypointRows(25);
  npz["extra_keypoints_2d"] = KeypointRows(19);
  return npz;
}

TEST(SpinRelatives, KeypointsByTheirOtherNames) {
  const TempFolder folder;
  Npz npz = RelativeArrays();
  RowMatX pose(2, 72), betas(2, 10);
  pose << RowMatX::Constant(1, 72, 0.125), RowMatX::Constant(1, 72, 0.25);
  betas << RowMatX::Constant(1, 10, -1), RowMatX::Constant(1, 10, 0.5);
  npz["body_pose"] = NdArray::FromMatrix(pose);
  npz["betas"] = NdArray::FromMatrix(betas);
  npz["has_body_pose"] = NdArray::From<double>({2}, std::vector<double>{0, 1});
  WriteNpz(folder.path() / "d.npz", npz);
  const auto data = OpenDataset("spin:" + (folder.path() / "d.npz").string());
  ASSERT_EQ(data->size(), 2);
  const Person first = data->Get(0), second = data->Get(1);
  EXPECT_EQ(second.keypoints.NumObserved(), 25 + 19);
  const auto at = [&](const char* joint) {
    const int i = SpinJoints().IndexOf(joint);
    return Eigen::RowVector3d(second.keypoints.px(i, 0), second.keypoints.px(i, 1),
                              second.keypoints.confidence[i]);
  };
  EXPECT_EQ(at("OP RWrist"), Eigen::RowVector3d(44, 42, 5 / 32.0));      // body's 4
  EXPECT_EQ(at("OP RHeel"), Eigen::RowVector3d(64, 202, 25 / 32.0));     // body's 24
  EXPECT_EQ(at("Left Ankle"), Eigen::RowVector3d(45, 50, 6 / 32.0));     // extra's 5
  EXPECT_EQ(at("Head (H36M)"), Eigen::RowVector3d(58, 154, 19 / 32.0));  // extra's 18, the last
  EXPECT_EQ(at("Nose")[2], 0);
  EXPECT_EQ(first.box.center_px, Vec2(20, 100.5));
  EXPECT_EQ(first.box.side_px, 230);  // pixels, of the longer side
  EXPECT_EQ(second.box.side_px, 240.25);
  EXPECT_FALSE(first.params.has_value());
  ASSERT_TRUE(second.params.has_value());
  EXPECT_EQ(second.params->pose()[71], 0.25);
  EXPECT_EQ(second.params->betas()[9], 0.5);
}

// The keypoints take 192 px.
TEST(SpinRelatives, ScalesInPixelsOrAsSpins) {
  const TempFolder folder;
  const auto side = [&](double scale) {
    Npz npz = RelativeArrays();
    npz["scale"] = NdArray::From<double>({2, 1}, std::vector<double>{scale, scale});
    WriteNpz(folder.path() / "d.npz", npz);
    return OpenDataset("spin:" + (folder.path() / "d.npz").string())->Get(0).box.side_px;
  };
  EXPECT_EQ(side(250.5), 250.5);
  EXPECT_DOUBLE_EQ(side(1.25), 250);
}

}  // namespace
}  // namespace gyre
