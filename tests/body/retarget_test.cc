// SPDX-License-Identifier: Apache-2.0
#include "body/retarget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Geometry>
#include <array>
#include <cmath>
#include <filesystem>
#include <numbers>

#include "body/skeleton_names.h"
#include "core/error.h"
#include "core/so3.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr double kDegree = std::numbers::pi / 180;
constexpr int kLeftElbow = 18, kRightElbow = 19, kLeftKnee = 4, kLeftShoulder = 16;

Vec3 Joint(const PoseClip& clip, int joint, int frame = 0) {
  return clip.poses.row(frame).segment<3>(3 * joint);
}

// A skeleton with DeepMimic's names. `body` takes its rest pose from a body that faces +z with y
// up; arms rest along `arm` (left, in that frame). Every node turns by its axis-angle in `turns`.
class TinySkeleton {
 public:
  TinySkeleton(const Mat3& source_from_body, const Vec3& arm)
      : source_from_body_(source_from_body) {
    const Vec3 right(-1, 1, 1);
    const Vec3 leg(0, -40, 0);
    Add("root", "", Vec3(0, 0, 0));
    Add("chest", "root", Vec3(0, 20, 0));
    Add("neck", "chest", Vec3(0, 25, 0));
    for (const std::string side : {"left", "right"}) {
      const Vec3 mirror = side == "left" ? Vec3(1, 1, 1) : right;
      Add(side + "_shoulder", "chest", mirror.cwiseProduct(Vec3(15, 20, 0)));
      Add(side + "_elbow", side + "_shoulder", mirror.cwiseProduct(25 * arm));
      Add(side + "_wrist", side + "_elbow", mirror.cwiseProduct(25 * arm));
      Add(side + "_hip", "root", mirror.cwiseProduct(Vec3(10, 0, 0)));
      Add(side + "_knee", side + "_hip", leg);
      Add(side + "_ankle", side + "_knee", leg);
    }
    clip_.name = "tiny.bvh";
    clip_.frame_time = 0.1;
    clip_.motion = RowMatX::Zero(1, 3 * static_cast<Eigen::Index>(clip_.nodes.size()));
  }

  // Turns a node by one angle about an axis of the body's frame, on which it must not be oblique.
  TinySkeleton& Turn(const std::string& name, const Vec3& axis, double angle) {
    const Vec3 in_source = source_from_body_ * axis * (angle / kDegree);
    const BvhNode& node = clip_.nodes[static_cast<size_t>(clip_.IndexOf(name))];
    for (int i = 0; i < 3; ++i) clip_.motion(0, node.first_channel + i) = in_source[i];
    return *this;
  }
  BvhClip& clip() { return clip_; }

 private:
  void Add(const std::string& name, const std::string& parent, const Vec3& offset) {
    BvhNode node;
    node.name = name;
    node.parent = parent.empty() ? -1 : clip_.IndexOf(parent);
    node.offset = source_from_body_ * offset;
    node.channels = {BvhChannel::kXRotation, BvhChannel::kYRotation, BvhChannel::kZRotation};
    node.first_channel = 3 * static_cast<int>(clip_.nodes.size());
    clip_.nodes.push_back(node);
  }

  Mat3 source_from_body_;
  BvhClip clip_;
};

// Facing +z, facing +x as DeepMimic, and z up facing -y.
std::vector<Mat3> Frames() {
  Mat3 z_up;
  z_up << 1, 0, 0, 0, 0, -1, 0, 1, 0;
  return {Mat3::Identity(), ExpSO3(Vec3(0, 90 * kDegree, 0)), z_up};
}

TEST(Retarget, AnElbowBendsForwardWhateverTheRestPose) {
  for (const Mat3& frame : Frames()) {
    // Hanging arms bend about the body's left-right axis, arms of a T-pose about the vertical.
    TinySkeleton hanging(frame, Vec3(0, -1, 0));
    hanging.Turn("left_elbow", Vec3(-1, 0, 0), 1.0).Turn("right_elbow", Vec3(-1, 0, 0), 0.5);
    TinySkeleton t_pose(frame, Vec3(1, 0, 0));
    t_pose.Turn("left_elbow", Vec3(0, -1, 0), 1.0).Turn("right_elbow", Vec3(0, 1, 0), 0.5);
    for (TinySkeleton* skeleton : {&hanging, &t_pose}) {
      const PoseClip clip = RetargetBvh(skeleton->clip());
      EXPECT_LT((Joint(clip, kLeftElbow) - Vec3(0, -1, 0)).norm(), 0.05);
      EXPECT_LT((Joint(clip, kRightElbow) - Vec3(0, 0.5, 0)).norm(), 0.05);
    }
    const PoseClip clip = RetargetBvh(hanging.clip());
    EXPECT_LT((Joint(clip, kLeftShoulder) - Vec3(0, 0, -90 * kDegree)).norm(), 0.05);
    EXPECT_LT(Joint(RetargetBvh(t_pose.clip()), kLeftShoulder).norm(), 0.05);
  }
}

TEST(Retarget, AKneeBendsByAPositiveAngleAboutX) {
  for (const Mat3& frame : Frames()) {
    TinySkeleton skeleton(frame, Vec3(1, 0, 0));
    skeleton.Turn("left_knee", Vec3(1, 0, 0), 0.8);
    EXPECT_LT((Joint(RetargetBvh(skeleton.clip()), kLeftKnee) - Vec3(0.8, 0, 0)).norm(), 0.05);
  }
}

// Arms that hang at rest: only the shoulders turn, to either side, and every hand lies as its own
// forearm does.
TEST(Retarget, HangingArmsAtRestAreTheShouldersTurns) {
  for (const Mat3& frame : Frames()) {
    TinySkeleton skeleton(frame, Vec3(0, -1, 0));
    const PoseClip clip = RetargetBvh(skeleton.clip());
    for (int joint = 0; joint < 24; ++joint) {
      const double angle = joint == 16 ? -90 * kDegree : joint == 17 ? 90 * kDegree : 0;
      EXPECT_LT((Joint(clip, joint) - Vec3(0, 0, angle)).norm(), 0.05) << joint;
    }
  }
}

// Twisted about the arm (which lies along x in SMPL's rest, to the left and to the right) and bent
// as an elbow bends; ankles and hips about the body's own axes, each side by its own angle.
TEST(Retarget, WristsAnklesAndHipsTurnAsTheirOwnSideDoes) {
  for (const Mat3& frame : Frames()) {
    TinySkeleton twisted(frame, Vec3(0, -1, 0));
    twisted.Turn("left_wrist", Vec3(0, -1, 0), 0.4).Turn("right_wrist", Vec3(0, -1, 0), 0.7);
    twisted.Turn("left_ankle", Vec3(1, 0, 0), 0.3).Turn("right_ankle", Vec3(0, 1, 0), 0.25);
    twisted.Turn("left_hip", Vec3(1, 0, 0), -0.6).Turn("right_hip", Vec3(1, 0, 0), 0.9);
    const PoseClip clip = RetargetBvh(twisted.clip());
    EXPECT_LT((Joint(clip, 20) - Vec3(0.4, 0, 0)).norm(), 0.05);
    EXPECT_LT((Joint(clip, 21) - Vec3(-0.7, 0, 0)).norm(), 0.05);
    EXPECT_LT((Joint(clip, 7) - Vec3(0.3, 0, 0)).norm(), 0.05);
    EXPECT_LT((Joint(clip, 8) - Vec3(0, 0.25, 0)).norm(), 0.05);
    EXPECT_LT((Joint(clip, 1) - Vec3(-0.6, 0, 0)).norm(), 0.05);
    EXPECT_LT((Joint(clip, 2) - Vec3(0.9, 0, 0)).norm(), 0.05);
    TinySkeleton bent(frame, Vec3(0, -1, 0));
    bent.Turn("left_wrist", Vec3(-1, 0, 0), 0.3).Turn("right_wrist", Vec3(-1, 0, 0), 0.5);
    const PoseClip bent_clip = RetargetBvh(bent.clip());
    EXPECT_LT((Joint(bent_clip, 20) - Vec3(0, -0.3, 0)).norm(), 0.05);
    EXPECT_LT((Joint(bent_clip, 21) - Vec3(0, 0.5, 0)).norm(), 0.05);
  }
}

// A naming scheme's names in SMPL's order.
struct NamingCase {
  std::string prefix;
  std::vector<std::string> names;
};

std::vector<std::string> SidedNames(const std::vector<std::string>& middle,
                                    const std::vector<std::string>& sided) {
  // Where SMPL's midline joints and its pairs stand.
  constexpr int kMiddle[] = {0, 3, 6, 9, 12, 15};
  constexpr int kLeft[] = {1, 4, 7, 10, 13, 16, 18, 20};
  std::vector<std::string> names(24);
  for (size_t i = 0; i < middle.size(); ++i) names[static_cast<size_t>(kMiddle[i])] = middle[i];
  for (size_t i = 0; i < sided.size(); ++i) {
    names[static_cast<size_t>(kLeft[i])] = "Left" + sided[i];
    names[static_cast<size_t>(kLeft[i]) + 1] = "Right" + sided[i];
  }
  return names;
}

TEST(Retarget, FindsTheJointsOfEveryNaming) {
  const std::vector<std::string> builder = {"UpLeg",    "Leg", "Foot",    "ToeBase",
                                            "Shoulder", "Arm", "ForeArm", "Hand"};
  const NamingCase cases[] = {
      {"", SidedNames({"Hips", "LowerBack", "Spine", "Spine1", "Neck1", "Head"}, builder)},
      {"", SidedNames({"Hips", "lowerback", "Chest", "Chest2", "Neck", "Head"},
                      {"Hip", "Knee", "Ankle", "Toe", "Collar", "Shoulder", "Elbow", "Wrist"})},
      {"mixamorig:", SidedNames({"Hips", "Spine", "Spine1", "Spine2", "Neck", "Head"}, builder)},
      {"", SidedNames({"Hips", "Spine", "", "Spine1", "Neck", "Head"}, builder)}};
  for (const NamingCase& naming : cases) {
    // Nodes in another order than SMPL's, among others.
    BvhClip clip;
    for (int i = 0; i < 24; ++i) {
      const int joint = (7 * i + 5) % 24;
      clip.nodes.push_back({});
      clip.nodes.back().name = naming.prefix + "other" + std::to_string(joint);
      if (naming.names[static_cast<size_t>(joint)].empty()) continue;
      clip.nodes.push_back({});
      clip.nodes.back().name = naming.prefix + naming.names[static_cast<size_t>(joint)];
    }
    const SkeletonMap map = MapSkeleton(clip);
    for (int joint = 0; joint < 24; ++joint) {
      const std::string& name = naming.names[static_cast<size_t>(joint)];
      EXPECT_EQ(map.node(joint), name.empty() ? -1 : clip.IndexOf(naming.prefix + name))
          << naming.names[3] << " " << joint;
    }
    const bool cmu = &naming < cases + 2;
    EXPECT_EQ(map.feet_rest_with_legs, cmu);
    EXPECT_NEAR(map.elbow_tilt_rad, cmu ? 30 * kDegree : 0, 1e-12);
  }
}

// CMU's skeleton at rest: legs spread by 20 degrees with their feet, elbows whose hinge is tilted
// by 30 degrees about the arm.
BvhClip CmuClip() {
  BvhClip clip;
  clip.name = "cmu.bvh";
  clip.frame_time = 0.1;
  const auto add = [&](const std::string& name, const std::string& parent, const Vec3& offset) {
    BvhNode node;
    node.name = name;
    node.parent = parent.empty() ? -1 : clip.IndexOf(parent);
    node.offset = offset;
    node.channels = {BvhChannel::kXRotation, BvhChannel::kYRotation, BvhChannel::kZRotation};
    node.first_channel = 3 * static_cast<int>(clip.nodes.size());
    clip.nodes.push_back(node);
  };
  add("Hips", "", Vec3(0, 0, 0));
  add("LowerBack", "Hips", Vec3(0, 2, 0));
  add("Spine", "LowerBack", Vec3(0, 10, 0));
  add("Spine1", "Spine", Vec3(0, 10, 0));
  add("Neck1", "Spine1", Vec3(0, 10, 0));
  add("Head", "Neck1", Vec3(0, 8, 0));
  for (const std::string side : {"Left", "Right"}) {
    const double x = side == "Left" ? 1 : -1;
    const Vec3 leg = 40 * Vec3(x * std::sin(20 * kDegree), -std::cos(20 * kDegree), 0);
    add(side + "UpLeg", "Hips", Vec3(9 * x, -1, 0));
    add(side + "Leg", side + "UpLeg", leg);
    add(side + "Foot", side + "Leg", leg);
    add(side + "ToeBase", side + "Foot", Vec3(0, -2, 12));
    add(side + "Shoulder", "Spine1", Vec3(3 * x, 6, 0));
    add(side + "Arm", side + "Shoulder", Vec3(12 * x, 0, 0));
    add(side + "ForeArm", side + "Arm", Vec3(26 * x, 0, 0));
    add(side + "Hand", side + "ForeArm", Vec3(24 * x, 0, 0));
  }
  clip.motion = RowMatX::Zero(1, 3 * static_cast<Eigen::Index>(clip.nodes.size()));
  return clip;
}

TEST(Retarget, CmusFeetRestWithTheirLegsAndItsElbowsAreTilted) {
  const PoseClip clip = RetargetBvh(CmuClip());
  for (int joint = 0; joint < 24; ++joint) {
    Vec3 expected = Vec3::Zero();
    if (joint == 1) expected.z() = 20 * kDegree;
    if (joint == 2) expected.z() = -20 * kDegree;
    if (joint == 16 || joint == 17) expected.x() = -30 * kDegree;
    EXPECT_LT((Joint(clip, joint) - expected).norm(), 0.05) << joint;
  }
}

TEST(Retarget, CmusElbowsBendAboutTheirTiltedHinges) {
  BvhClip source = CmuClip();
  // One rotation of a node about an axis of the body's frame, as X, Y, Z channels.
  const auto turn = [&](const std::string& name, const Vec3& axis_angle) {
    const Mat3 r = ExpSO3(axis_angle);  // = Rx Ry Rz
    const Vec3 angles(std::atan2(-r(1, 2), r(2, 2)), std::asin(r(0, 2)),
                      std::atan2(-r(0, 1), r(0, 0)));
    const BvhNode& node = source.nodes[static_cast<size_t>(source.IndexOf(name))];
    for (int i = 0; i < 3; ++i) source.motion(0, node.first_channel + i) = angles[i] / kDegree;
  };
  const Vec3 hinge(0, std::cos(30 * kDegree), -std::sin(30 * kDegree));
  turn("LeftForeArm", -1.1 * hinge);
  turn("RightForeArm", 0.6 * hinge);
  turn("LeftLeg", {0.7, 0, 0});
  turn("Spine", {0.2, 0.1, -0.3});
  turn("Head", {-0.1, 0.4, 0.2});
  turn("RightShoulder", {0, 0.15, 0.25});
  const PoseClip clip = RetargetBvh(source);
  EXPECT_LT((Joint(clip, 18) - Vec3(0, -1.1, 0)).norm(), 0.05);
  EXPECT_LT((Joint(clip, 19) - Vec3(0, 0.6, 0)).norm(), 0.05);
  EXPECT_LT((Joint(clip, 6) - Vec3(0.2, 0.1, -0.3)).norm(), 1e-9);
  EXPECT_LT((Joint(clip, 15) - Vec3(-0.1, 0.4, 0.2)).norm(), 1e-9);
  EXPECT_LT((Joint(clip, 14) - Vec3(0, 0.15, 0.25)).norm(), 1e-9);
  // The spread leg's x axis, seen from a leg that hangs straight down.
  const Vec3 knee = ExpSO3(Vec3(0, 0, -20 * kDegree)) * Vec3(0.7, 0, 0);
  EXPECT_LT((Joint(clip, 4) - knee).norm(), 0.05);
}

TEST(Retarget, TheRootStandsInAWorldWithYUp) {
  for (const Mat3& frame : Frames()) {
    TinySkeleton skeleton(frame, Vec3(0, -1, 0));
    EXPECT_LT(Joint(RetargetBvh(skeleton.clip()), 0).norm(), 1e-9);
    skeleton.Turn("root", Vec3(0, 1, 0), 0.7);
    EXPECT_LT((Joint(RetargetBvh(skeleton.clip()), 0) - Vec3(0, 0.7, 0)).norm(), 1e-9);
  }
}

TEST(Retarget, JointsThatLackShareTheSpinesRotation) {
  TinySkeleton skeleton(Mat3::Identity(), Vec3(1, 0, 0));
  skeleton.Turn("chest", Vec3(1, 0, 0), 0.9).Turn("neck", Vec3(0, 1, 0), 0.6);
  const PoseClip clip = RetargetBvh(skeleton.clip());
  for (const int joint : {3, 6, 9}) {
    EXPECT_LT((Joint(clip, joint) - Vec3(0.3, 0, 0)).norm(), 1e-9) << joint;
  }
  for (const int joint : {12, 15}) {
    EXPECT_LT((Joint(clip, joint) - Vec3(0, 0.3, 0)).norm(), 1e-9) << joint;
  }
  for (const int joint : {10, 11, 13, 14, 22, 23}) EXPECT_EQ(Joint(clip, joint).norm(), 0) << joint;
}

TEST(Retarget, UnknownSkeletonsListTheirJoints) {
  TinySkeleton skeleton(Mat3::Identity(), Vec3(1, 0, 0));
  skeleton.clip().nodes[1].name = "thorax";
  try {
    RetargetBvh(skeleton.clip());
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("root, thorax, neck"));
    EXPECT_THAT(error.what(), HasSubstr("tiny.bvh"));
  }
}

TEST(Retarget, ARestPoseWithoutSidesIsRefused) {
  TinySkeleton skeleton(Mat3::Identity(), Vec3(1, 0, 0));
  for (BvhNode& node : skeleton.clip().nodes) node.offset.setZero();
  EXPECT_THROW(RetargetBvh(skeleton.clip()), UserError);
}

TEST(Retarget, MirroringTwiceIsTheIdentity) {
  TinySkeleton skeleton(Mat3::Identity(), Vec3(0, -1, 0));
  skeleton.Turn("left_elbow", Vec3(-1, 0, 0), 1.0).Turn("root", Vec3(0, 1, 0), 0.4);
  const RowMatX poses = RetargetBvh(skeleton.clip()).poses;
  const RowMatX mirrored = MirrorPoses(poses);
  EXPECT_GT((mirrored - poses).norm(), 0.5);
  EXPECT_EQ(MirrorPoses(mirrored), poses);
}

TEST(PoseClips, ComeBackFromTheirFile) {
  const fs::path path = fs::path(testing::TempDir()) / "pose_clips_test.npz";
  const PoseClip a{"a", RowMatX::Random(3, 66) * RowMatX::Identity(66, 72), 30};
  PoseClip b{"b", RowMatX::Random(2, 66) * RowMatX::Identity(66, 72), 120};
  b.transl = Points3::Random(2, 3);
  WritePoseClips({a, b}, path);
  const Npz npz = ReadNpz(path);  // gyre body pose reads these
  EXPECT_EQ(Get(npz, "pose", path).As<double>(), Get(npz, "poses", path).As<double>());
  EXPECT_EQ(Get(npz, "betas", path).As<double>(), std::vector<double>(5 * 10));
  const std::vector<double> transl = Get(npz, "transl", path).As<double>();
  ASSERT_EQ(transl.size(), 15u);
  EXPECT_EQ(transl[8], 0);
  EXPECT_EQ(transl[9], b.transl(0, 0));
  EXPECT_EQ(transl[14], b.transl(1, 2));
  const std::vector<PoseClip> clips = ReadPoseClips(path);
  ASSERT_EQ(clips.size(), 2u);
  EXPECT_EQ(clips[1].name, "b");
  EXPECT_EQ(clips[1].fps, 120);
  EXPECT_EQ(clips[0].poses, a.poses);
  EXPECT_EQ(clips[1].poses, b.poses);
  EXPECT_EQ(clips[0].transl, Points3::Zero(3, 3));  // not known: zeros in the file
  EXPECT_EQ(clips[1].transl, b.transl);
  fs::remove(path);
}

TEST(PoseClips, AmassFilesGiveBodyJointsAndStillHands) {
  const fs::path path = fs::path(testing::TempDir()) / "pose_clips_amass.npz";
  const RowMatX poses = RowMatX::Random(5, 156);
  WriteNpz(path,
           {{"poses", NdArray::FromMatrix(poses)}, {"mocap_framerate", NdArray::FromScalar(60)}});
  const std::vector<PoseClip> clips = ReadPoseClips(path);
  ASSERT_EQ(clips.size(), 1u);
  EXPECT_EQ(clips[0].fps, 60);
  EXPECT_EQ(clips[0].poses.leftCols(66), poses.leftCols(66));
  EXPECT_EQ(clips[0].poses.rightCols(6).norm(), 0);
  EXPECT_EQ(clips[0].transl.rows(), 0);
  const Points3 places = Points3::Random(5, 3);
  WriteNpz(path, {{"poses", NdArray::FromMatrix(poses)}, {"trans", NdArray::FromMatrix(places)}});
  EXPECT_EQ(ReadPoseClips(path)[0].transl, places);
  WriteNpz(path, {{"poses", NdArray::FromMatrix(poses)},
                  {"trans", NdArray::FromMatrix(places.topRows(4))}});
  EXPECT_THROW(ReadPoseClips(path), UserError);
  WriteNpz(path, {{"poses", NdArray::FromMatrix(RowMatX::Zero(5, 63))}});
  EXPECT_THROW(ReadPoseClips(path), UserError);
  WriteNpz(path, {{"trans", NdArray::FromMatrix(RowMatX::Zero(5, 3))}});
  EXPECT_THROW(ReadPoseClips(path), UserError);
  fs::remove(path);
}

// Every key by which files give their frame rate, and the rate of a file that gives none.
TEST(PoseClips, FrameRatesHaveThreeNames) {
  const fs::path path = fs::path(testing::TempDir()) / "pose_clips_rate.npz";
  const NdArray poses = NdArray::FromMatrix(RowMatX::Random(5, 66));
  for (const char* key : {"mocap_framerate", "mocap_frame_rate", "fps"}) {
    WriteNpz(path, {{"poses", poses}, {key, NdArray::FromScalar(47.5)}});
    EXPECT_EQ(ReadPoseClips(path)[0].fps, 47.5) << key;
    WriteNpz(path, {{"poses", poses}, {key, NdArray::FromScalar(0)}});
    EXPECT_THROW(ReadPoseClips(path), UserError) << key;
  }
  WriteNpz(path, {{"poses", poses}});
  EXPECT_EQ(ReadPoseClips(path)[0].fps, 30);
  EXPECT_EQ(ReadPoseClips(path)[0].name, "pose_clips_rate");
  fs::remove(path);
}

TEST(PoseClips, RefuseClipsAndNumbersThatAreNotThere) {
  const fs::path path = fs::path(testing::TempDir()) / "pose_clips_broken.npz";
  const NdArray poses = NdArray::FromMatrix(RowMatX::Random(3, 66));
  const auto error = [&](Npz npz) {
    npz.try_emplace("poses", poses);
    npz.try_emplace("clip_names", NdArray::FromStrings({"a", "b"}));
    npz.try_emplace("fps", NdArray::From<double>({2}, std::vector<double>{30, 60}));
    npz.try_emplace("clip_idx", NdArray::From<int32_t>({3}, std::vector<int32_t>{0, 1, 0}));
    WriteNpz(path, npz);
    try {
      EXPECT_EQ(ReadPoseClips(path).size(), 2u);
    } catch (const UserError& failure) {
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_EQ(error({}), "");
  // Rows of one clip need not stand together.
  const std::vector<PoseClip> clips = ReadPoseClips(path);
  EXPECT_EQ(clips[0].poses.rows(), 2);
  EXPECT_EQ(clips[0].fps, 30);
  EXPECT_EQ(clips[1].poses.rows(), 1);
  EXPECT_EQ(clips[1].fps, 60);
  const auto idx = [](std::vector<int32_t> values) {
    return Npz{{"clip_idx", NdArray::From<int32_t>({static_cast<int64_t>(values.size())}, values)}};
  };
  EXPECT_THAT(error(idx({0, 2, 0})), HasSubstr("row 1 names clip 2 of 2"));
  EXPECT_THAT(error(idx({-1, 1, 0})), HasSubstr("row 0 names clip -1"));
  EXPECT_THAT(error(idx({0, 1})), HasSubstr("'clip_idx'"));
  EXPECT_THAT(error({{"fps", NdArray::From<double>({2}, std::vector<double>{30, 0})}}),
              HasSubstr("entry 1"));
  RowMatX broken = RowMatX::Random(3, 66);
  broken(2, 65) = std::nan("");
  EXPECT_THAT(error({{"poses", NdArray::FromMatrix(broken)}}), HasSubstr("row 2"));
  fs::remove(path);
}

// Limbs of the retargeted pose against the source's posed bones, in a T-pose with straight limbs.
struct Limb {
  int from, to;
  Vec3 rest;
};

double MeanLimbErrorDegrees(const fs::path& file) {
  const std::vector<Limb> limbs = {{1, 4, {0, -1, 0}},   {4, 7, {0, -1, 0}},  {2, 5, {0, -1, 0}},
                                   {5, 8, {0, -1, 0}},   {16, 18, {1, 0, 0}}, {18, 20, {1, 0, 0}},
                                   {17, 19, {-1, 0, 0}}, {19, 21, {-1, 0, 0}}};
  const BvhClip source = ReadBvh(file);
  const SkeletonMap map = MapSkeleton(source);
  const PoseClip clip = RetargetBvh(source);
  const BvhPose rest = RestPose(source);
  // The world of the result: the source's, turned so that its rest pose faces +z.
  const Vec3 left =
      (rest.positions.row(map.node(1)) - rest.positions.row(map.node(2))).transpose().normalized();
  Mat3 source_from_body;
  source_from_body << left, Vec3::UnitY(), left.cross(Vec3::UnitY());
  double sum = 0;
  int count = 0;
  for (int frame = 0; frame < clip.poses.rows(); frame += 7) {
    const BvhPose pose = ForwardKinematics(source, frame);
    std::array<Mat3, kNumBodyJoints> world;
    for (size_t k = 0; k < kNumBodyJoints; ++k) {
      const Mat3 local = ExpSO3(Joint(clip, static_cast<int>(k), frame));
      world[k] = k == 0 ? local : Mat3(world[static_cast<size_t>(SmplLayout().parents[k])] * local);
    }
    for (const Limb& limb : limbs) {
      const Vec3 bone = source_from_body.transpose() * (pose.positions.row(map.node(limb.to)) -
                                                        pose.positions.row(map.node(limb.from)))
                                                           .transpose();
      const Vec3 result = world[static_cast<size_t>(limb.from)] * limb.rest;
      sum += std::atan2(bone.cross(result).norm(), bone.dot(result)) / kDegree;
      ++count;
    }
  }
  return sum / count;
}

TEST(RetargetMocap, LimbsPointWhereTheSourcesDo) {
  const fs::path folder = "../shared/data/mocap";
  if (!fs::exists(folder)) GTEST_SKIP() << "no ../shared/data/mocap";
  for (const char* file : {"cmu_walk_bvh/07_01.bvh", "cmu_actions_bvh/train_jumping_jumping_1.bvh",
                           "acrobatics/deepmimic_bvh/cartwheel.bvh", "acrobatics/mass/kick.bvh"}) {
    // The T-pose's legs lean by 2.4 degrees, MASS's rest limbs are bent by up to 7.
    EXPECT_LT(MeanLimbErrorDegrees(folder / file), 4) << file;
  }
}

TEST(RetargetMocap, KneesAndElbowsBendAsPeoplesDo) {
  const fs::path folder = "../shared/data/mocap";
  if (!fs::exists(folder)) GTEST_SKIP() << "no ../shared/data/mocap";
  for (const char* file : {"cmu_walk_bvh/07_01.bvh", "cmu_actions_bvh/train_soccer_soccer_1.bvh",
                           "acrobatics/deepmimic_bvh/spinkick.bvh", "acrobatics/mass/dance.bvh"}) {
    const RowMatX poses = RetargetBvh(ReadBvh(folder / file)).poses;
    // The clips themselves overstretch a knee by up to 0.22 rad for a moment.
    const auto share = [&](int column, double sign) {
      return (sign * poses.col(column).array() > -0.25).cast<double>().mean();
    };
    EXPECT_GT(share(12, 1), 0.98) << file << " left knee";
    EXPECT_GT(share(15, 1), 0.98) << file << " right knee";
    EXPECT_GT(share(55, -1), 0.98) << file << " left elbow";
    EXPECT_GT(share(58, 1), 0.98) << file << " right elbow";
    EXPECT_GT(poses.col(12).mean(), 0.2) << file;
    EXPECT_LT(poses.col(55).mean(), -0.2) << file;
  }
}

// Legs of 80 units are as long as the built-in body's; up, left and forward are that body's axes.
TEST(Retarget, TheRootsPathIsMeasuredInLegs) {
  const Points3 rest = RestJoints(*LoadBodyModel("builtin")).mean;
  const double leg_m = (rest.row(4) - rest.row(1)).norm() + (rest.row(7) - rest.row(4)).norm();
  for (const Mat3& frame : Frames()) {
    TinySkeleton skeleton(frame, Vec3(1, 0, 0));
    BvhClip& clip = skeleton.clip();
    clip.nodes[0].channels = {BvhChannel::kXPosition, BvhChannel::kYPosition,
                              BvhChannel::kZPosition};
    clip.motion = RowMatX::Zero(2, clip.motion.cols());
    const Vec3 at[] = {{0, 80, 0}, {20, 76, -40}};  // left, up, forward
    for (int i = 0; i < 2; ++i) clip.motion.row(i).head<3>() = (frame * at[i]).transpose();
    const PoseClip moved = RetargetBvh(clip);
    ASSERT_EQ(moved.transl.rows(), 2);
    const RowMatX pelvis = moved.transl.rowwise() + rest.row(0);
    EXPECT_LT((pelvis.row(0) - leg_m * Eigen::RowVector3d(0, 1, 0)).norm(), 1e-9);
    EXPECT_LT((pelvis.row(1) - leg_m * Eigen::RowVector3d(0.25, 0.95, -0.5)).norm(), 1e-9);
  }
}

}  // namespace
}  // namespace gyre
