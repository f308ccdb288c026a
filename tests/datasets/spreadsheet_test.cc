// SPDX-License-Identifier: Apache-2.0
// Tables of keypoints (readers/csv.h) as spreadsheets and other programs write them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/dataset_spec.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// As spreadsheets write it where numbers have commas, and other programs name joints.
TEST(SpreadsheetTest, NumbersWithCommasAndJointsByTheirNames) {
  const TempFolder folder;
  const auto path = folder.Write("d.csv",
                                 "\xEF\xBB\xBF"
                                 "file;LEFT_WRIST_x;LEFT_WRIST_y;right hip_x;right hip_y;nose_x;"
                                 "nose_y;nose_v\r\n"
                                 "a b.jpg;5,5;7,25;NaN;3;30;41,5;0,75\r\n"
                                 ";;;;;;;\r\n"
                                 "c.jpg;1;2;3;4;5;6;1\r\n");
  std::vector<LeftOut> left_out;
  const auto set = OpenDataset("csv:" + path.string() + "?min_keypoints=2", {},
                               [&](const LeftOut& one) { left_out.push_back(one); });
  ASSERT_EQ(set->size(), 2);
  const Keypoints keypoints = set->Get(0).keypoints;
  EXPECT_EQ(keypoints.px.row(SpinJoints().IndexOf("Left Wrist")), Eigen::RowVector2d(5.5, 7.25));
  EXPECT_EQ(keypoints.px.row(SpinJoints().IndexOf("Nose")), Eigen::RowVector2d(30, 41.5));
  EXPECT_EQ(keypoints.confidence[SpinJoints().IndexOf("Nose")], 0.75);
  EXPECT_EQ(keypoints.NumObserved(), 2);
  EXPECT_EQ(set->Get(1).index, 2);
  EXPECT_EQ(set->Get(1).keypoints.px.row(SpinJoints().IndexOf("Right Hip")),
            Eigen::RowVector2d(3, 4));
  ASSERT_EQ(left_out.size(), 2u);
  EXPECT_THAT(left_out[0].problem, HasSubstr("line 2: 'right hip_x' is empty and 'right hip_y' is"));
  EXPECT_EQ(left_out[1].row, 1);
}

TEST(SpreadsheetTest, AJointHasOneColumn) {
  const TempFolder folder;
  const auto twice = folder.Write("e.csv", "file,rank_x,rank_y,right_ankle_x,right_ankle_y\n");
  EXPECT_THAT(UserErrorOf([&] { OpenDataset("csv:" + twice.string()); }),
              HasSubstr("'right_ankle_x' is of a joint that another column is of"));
}

}  // namespace
}  // namespace gyre
