// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/joint_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gyre {
namespace {

using testing::ElementsAre;

TEST(JointNames, TheWordsOfTools) {
  EXPECT_EQ(JointByName("left_shoulder"), "Left Shoulder");
  EXPECT_EQ(JointByName("LShoulder"), "Left Shoulder");
  EXPECT_EQ(JointByName("r ankle"), "Right Ankle");
  EXPECT_EQ(JointByName("RIGHT-KNEE"), "Right Knee");
  EXPECT_EQ(JointByName("elbow.left"), "Left Elbow");
  EXPECT_EQ(JointByName("wrist_r"), "Right Wrist");
  EXPECT_EQ(JointByName("leftHip"), "Left Hip");
  EXPECT_EQ(JointByName("left_ear"), "Left Ear");
  EXPECT_EQ(JointByName("right eye"), "Right Eye");
  EXPECT_EQ(JointByName("nose"), "Nose");
  EXPECT_EQ(JointByName("head_top"), "Top of Head (LSP)");
  EXPECT_EQ(JointByName("upper_neck"), "Neck (LSP)");
  EXPECT_EQ(JointByName("pelvis"), "Pelvis (MPII)");
  EXPECT_EQ(JointByName("thorax"), "Thorax (MPII)");
  EXPECT_EQ(JointByName("left_big_toe"), "OP LBigToe");
  EXPECT_EQ(JointByName("right_heel"), "OP RHeel");
  for (const char* other : {"", "left", "shoulder", "left_front_paw", "l", "tail", "left_nose"}) {
    EXPECT_EQ(JointByName(other), "") << other;
  }
  EXPECT_EQ(JointByName(std::string(100'000, 'x')), "");
}

TEST(JointNames, NeckAndHipAreOpenPosesAmongToes) {
  const std::vector<std::string> crowdpose = {"head", "neck", "left_hip"};
  EXPECT_THAT(JointsByName(crowdpose), ElementsAre("Top of Head (LSP)", "Neck (LSP)", "Left Hip"));
  const std::vector<std::string> halpe = {"neck", "hip", "left_big_toe", "left_hip"};
  EXPECT_THAT(JointsByName(halpe), ElementsAre("OP Neck", "OP MidHip", "OP LBigToe", "Left Hip"));
}

TEST(JointNames, TheSetThatHoldsThem) {
  const auto set = [](std::vector<std::string_view> joints) { return SetOf(joints).name; };
  EXPECT_EQ(set({"Nose", "Left Ankle", ""}), "coco17");
  EXPECT_EQ(set({"Left Wrist", "Neck (LSP)", "Top of Head (LSP)"}), "lsp14");
  EXPECT_EQ(set({"Left Wrist", "Thorax (MPII)"}), "mpii16");
  EXPECT_EQ(set({"Nose", "OP LBigToe", "OP RHeel"}), "coco_wholebody133");
  EXPECT_EQ(set({"Nose", "OP LBigToe", "OP MidHip"}), "halpe26");
  EXPECT_EQ(set({"Nose", "Right Ring Tip", "OP MidHip"}), "halpe136");
  EXPECT_EQ(set({"Nose", "OP LBigToe", "Thorax (MPII)"}), "spin49");
}

TEST(JointNames, AnimalsHavePaws) {
  const std::vector<std::string> person = {"left_shoulder", "right_wrist"};
  const std::vector<std::string> dog = {"left_shoulder", "left_hip", "left_front_paw", "tail"};
  const std::vector<std::string> face = {"left_eye", "nose"};
  EXPECT_TRUE(AreOfPeople(person));
  EXPECT_FALSE(AreOfPeople(dog));
  EXPECT_FALSE(AreOfPeople(face));
  EXPECT_FALSE(AreOfPeople({}));
}

}  // namespace
}  // namespace gyre
