// SPDX-License-Identifier: Apache-2.0
#include "io/bvh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>

#include "core/error.h"
#include "core/rng.h"
#include "core/so3.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// Windows line endings, a name with a space, a six-channel joint, numbers without a leading zero.
const std::string kTiny =
    "HIERARCHY\r\nROOT Hips\r\n{\r\n\tOFFSET 1 2 3\r\n"
    "\tCHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation\r\n"
    "\tJOINT Left Arm\r\n\t{\r\n\t\tOFFSET 0 .5 0\r\n\t\tCHANNELS 4 Xrotation Yposition "
    "Yrotation Zrotation\r\n\t\tEnd Site\r\n\t\t{\r\n\t\t\tOFFSET 0 0 -2e0\r\n\t\t}\r\n\t}\r\n"
    "}\r\nMOTION\r\nFrames:\t2\r\nFrame Time: .025\r\n"
    "0 0 0 0 0 0 0 .5 0 0\r\n10 20 30 90 0 0 90 +4 0 0\r\n";

std::string Replaced(const std::string& from, const std::string& to) {
  std::string text = kTiny;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(const std::string& content) {
  try {
    ParseBvh(content, "file.bvh");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Bvh, ReadsHierarchyAndMotion) {
  const BvhClip clip = ParseBvh(kTiny, "tiny");
  ASSERT_EQ(clip.nodes.size(), 3u);
  EXPECT_EQ(clip.nodes[0].name, "Hips");
  EXPECT_EQ(clip.nodes[1].name, "Left Arm");
  EXPECT_EQ(clip.nodes[2].name, "Left Arm end");
  EXPECT_EQ(clip.nodes[1].parent, 0);
  EXPECT_EQ(clip.nodes[2].parent, 1);
  EXPECT_TRUE(clip.nodes[2].is_end_site);
  EXPECT_EQ(clip.nodes[1].first_channel, 6);
  EXPECT_EQ(clip.nodes[1].channels[1], BvhChannel::kYPosition);
  EXPECT_EQ(clip.nodes[2].offset, Vec3(0, 0, -2));
  EXPECT_EQ(clip.num_frames(), 2);
  EXPECT_DOUBLE_EQ(clip.frame_time, 0.025);
  EXPECT_DOUBLE_EQ(clip.motion(1, 7), 4);
  EXPECT_EQ(clip.IndexOf("Left Arm"), 1);
  EXPECT_EQ(clip.IndexOf("Right Arm"), -1);
}

TEST(Bvh, PosesTheSkeleton) {
  const BvhPose pose = ForwardKinematics(ParseBvh(kTiny, "tiny"), 1);
  const double quarter = std::numbers::pi / 2;
  const Mat3 root = ExpSO3(Vec3(0, 0, quarter));
  const Mat3 arm = root * ExpSO3(Vec3(quarter, 0, 0));
  EXPECT_TRUE(pose.rotations[0].isApprox(root, 1e-12));
  EXPECT_TRUE(pose.rotations[1].isApprox(arm, 1e-12));
  // The root's position channels replace its offset; the arm's only its y.
  EXPECT_TRUE(pose.positions.row(0).isApprox(Eigen::RowVector3d(10, 20, 30), 1e-12));
  EXPECT_TRUE(pose.positions.row(1).isApprox(Eigen::RowVector3d(6, 20, 30), 1e-12));
  // (0, 0, -2) turned by 90 degrees about x is (0, 2, 0), then about z (-2, 0, 0).
  EXPECT_TRUE(pose.positions.row(2).isApprox(Eigen::RowVector3d(4, 20, 30), 1e-12));
}

TEST(Bvh, RotationChannelsApplyInFileOrder) {
  const std::string text = Replaced("10 20 30 90 0 0", "10 20 30 10 20 30");
  const double degree = std::numbers::pi / 180;
  const Mat3 expected = ExpSO3(Vec3(0, 0, 10 * degree)) * ExpSO3(Vec3(0, 20 * degree, 0)) *
                        ExpSO3(Vec3(30 * degree, 0, 0));
  EXPECT_TRUE(ForwardKinematics(ParseBvh(text, "t"), 1).rotations[0].isApprox(expected, 1e-12));
}

TEST(Bvh, RestPoseIgnoresMotion) {
  const BvhPose rest = RestPose(ParseBvh(kTiny, "tiny"));
  EXPECT_TRUE(rest.rotations[2].isIdentity());
  EXPECT_TRUE(rest.positions.row(2).isApprox(Eigen::RowVector3d(1, 2.5, 1)));
}

TEST(Bvh, ErrorsNameTheLineAndWhatWasExpected) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("line 1: found the end of the file, expected 'HIERARCHY'"));
  EXPECT_THAT(ErrorOf(Replaced("OFFSET 0 .5 0", "OFFSET 0 half 0")),
              HasSubstr("file.bvh: line 8: found 'half'"));
  EXPECT_THAT(ErrorOf(Replaced("Xrotation Yposition", "Xrotation Xrotation")),
              HasSubstr("at most once"));
  EXPECT_THAT(ErrorOf(Replaced("CHANNELS 4", "CHANNELS 7")), HasSubstr("at most 6"));
  EXPECT_THAT(ErrorOf(Replaced("10 20", "nan 20")), HasSubstr("found 'nan'"));
  EXPECT_THAT(ErrorOf(Replaced("+4 0 0", "+4 0")), HasSubstr("found the end of the file"));
  EXPECT_THAT(ErrorOf(Replaced("+4 0 0", "+4 0 0 0")), HasSubstr("expected the end of the file"));
  EXPECT_THAT(ErrorOf(Replaced(".025", "0")), HasSubstr("positive frame time"));
  EXPECT_THAT(ErrorOf(Replaced("Frames:\t2", "Frames:\t-1")), HasSubstr("number of frames"));
  EXPECT_THAT(ErrorOf(Replaced("ROOT Hips", "ROOT")), HasSubstr("name"));
}

TEST(Bvh, ADeclaredSizeBeyondTheFileIsRefusedBeforeMemoryIsTaken) {
  EXPECT_THAT(ErrorOf(Replaced("Frames:\t2", "Frames: 4000000000000000")), HasSubstr("cut off"));
}

TEST(Bvh, DeepNestingIsRefused) {
  std::string text = "HIERARCHY ROOT a\n{\n";
  for (int i = 0; i < 100000; ++i) text += "JOINT b\n{\n";
  EXPECT_THAT(ErrorOf(text), HasSubstr("deep"));
}

TEST(Bvh, DamagedFilesGiveOneSentence) {
  for (size_t length = 0; length + 3 < kTiny.size(); ++length) {
    EXPECT_THROW(ParseBvh(kTiny.substr(0, length), "cut"), UserError) << length;
  }
  Rng rng(1, RngStream::kTest);
  for (int i = 0; i < 2000; ++i) {
    std::string text = kTiny;
    for (int k = 0; k < 3; ++k) text[rng.Below(text.size())] = static_cast<char>(rng.Below(256));
    try {
      ParseBvh(text, "damaged");
    } catch (const UserError&) {
    }
  }
}

}  // namespace
}  // namespace gyre
