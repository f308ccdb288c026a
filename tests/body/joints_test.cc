// SPDX-License-Identifier: Apache-2.0
#include "body/joints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "body/model_joints.h"
#include "body/symmetry.h"
#include "body/test_body.h"
#include "core/error.h"

namespace gyre {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

std::vector<int> Range(int first, int count) {
  std::vector<int> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

TEST(Joints, NamesAreUniqueAndMirrorsAreMutual) {
  std::set<std::string_view> names;
  for (const JointInfo& joint : AllJoints()) {
    EXPECT_TRUE(names.insert(joint.name).second) << joint.name;
    const JointInfo& partner = FindJoint(joint.mirror);
    EXPECT_EQ(partner.mirror, joint.name);
    EXPECT_EQ(partner.source, joint.source);
    EXPECT_EQ(partner.name == joint.name, partner.source_idx == joint.source_idx) << joint.name;
  }
  EXPECT_THROW(FindJoint("Tail"), std::logic_error);
}

// One point has one partner, whatever its names are.
TEST(Joints, NamesOfOneSourceHaveTheSamePartner) {
  std::map<std::pair<JointSource, int>, int> partner_of;
  for (const JointInfo& joint : AllJoints()) {
    const int partner = FindJoint(joint.mirror).source_idx;
    const auto [it, is_new] = partner_of.try_emplace({joint.source, joint.source_idx}, partner);
    EXPECT_EQ(it->second, partner) << joint.name;
  }
  // Ten fingers of three joints, and the points of a face.
  EXPECT_EQ(partner_of.size(), 24 + kNumLandmarks + kNumExtraJoints + 10 * 3 + 68);
}

// Source index of SPIN's 49 among smplx's 24 joints + 21 landmarks + 9 regressed.
TEST(Joints, SpinJointsComeFromSpinsSources) {
  const std::vector<int> expected = {24, 12, 17, 19, 21, 16, 18, 20, 0,  2,  5,  8,  1,
                                     4,  7,  25, 26, 27, 28, 29, 30, 31, 32, 33, 34,  // OpenPose
                                     8,  5,  45, 46, 4,  7,  21, 19, 17, 16, 18, 20, 47,
                                     48, 49, 50, 51, 52, 53, 24, 26, 25, 28, 27};
  const int first[] = {0, 24, 45};  // of kinematic joints, landmarks, regressed
  std::vector<int> sources;
  for (const std::string_view name : SpinJoints().joints) {
    const JointInfo& joint = FindJoint(name);
    sources.push_back(first[static_cast<int>(joint.source)] + joint.source_idx);
  }
  EXPECT_EQ(sources, expected);
}

TEST(Joints, MirrorPermutationsArePublishedOnes) {
  std::vector<int> spin = {0,  1,  5,  6,  7,  2,  3,  4,  8,  12, 13, 14, 9,
                           10, 11, 16, 15, 18, 17, 22, 23, 24, 19, 20, 21};
  for (const int i :
       {5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 12, 13, 14, 15, 16, 17, 18, 19, 21, 20, 23, 22}) {
    spin.push_back(25 + i);
  }
  EXPECT_EQ(SpinJoints().MirrorPermutation(), spin);
  EXPECT_THAT(FindKeypointSet("smpl24").MirrorPermutation(),
              ElementsAre(0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21,
                          20, 23, 22));
  EXPECT_THAT(FindKeypointSet("coco17").MirrorPermutation(),
              ElementsAre(0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15));
  EXPECT_THAT(FindKeypointSet("lsp14").MirrorPermutation(),
              ElementsAre(5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 12, 13));
  EXPECT_THAT(FindKeypointSet("mpii16").MirrorPermutation(),
              ElementsAre(5, 4, 3, 2, 1, 0, 6, 7, 8, 9, 15, 14, 13, 12, 11, 10));
  EXPECT_THAT(FindKeypointSet("h36m17").MirrorPermutation(),
              ElementsAre(0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13));
}

// COCO-WholeBody's lists, and SMPLify-X's of the same points.
TEST(Joints, WholeBodySets) {
  const KeypointSet& coco = FindKeypointSet("coco_wholebody133");
  const KeypointSet& openpose = FindKeypointSet("openpose135");
  const std::vector<std::pair<const char*, std::array<int, 2>>> places = {
      {"OP LSmallToe", {18, 20}},    {"OP RBigToe", {20, 22}},
      {"Face 0", {23, 118}},         {"Face 16", {39, 134}},
      {"Face 17", {40, 67}},         {"Face 67", {90, 117}},
      {"Left Hand Root", {91, 25}},  {"Left Thumb 1", {92, 26}},
      {"Left Thumb Tip", {95, 29}},  {"Left Index 1", {96, 30}},
      {"Left Middle 3", {102, 36}},  {"Left Ring Tip", {107, 41}},
      {"Left Pinky Tip", {111, 45}}, {"Right Hand Root", {112, 46}},
      {"Right Thumb 2", {114, 48}},  {"Right Index Tip", {120, 54}},
      {"Right Ring 1", {125, 59}},   {"Right Pinky Tip", {132, 66}}};
  for (const auto& [name, place] : places) {
    EXPECT_EQ(coco.IndexOf(name), place[0]) << name;
    EXPECT_EQ(openpose.IndexOf(name), place[1]) << name;
  }
  for (int i = 0; i < 17; ++i) EXPECT_EQ(coco.joints[i], FindKeypointSet("coco17").joints[i]);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(openpose.joints[i], FindKeypointSet("body25").joints[i]);
  const KeypointSet& halpe = FindKeypointSet("halpe136");
  for (int i = 0; i < 26; ++i) EXPECT_EQ(halpe.joints[i], FindKeypointSet("halpe26").joints[i]);
  for (int i = 26; i < 136; ++i) EXPECT_EQ(halpe.joints[i], coco.joints[i - 3]);
  EXPECT_EQ(halpe.IndexOf("Face 0"), 26);
  EXPECT_EQ(halpe.IndexOf("Left Hand Root"), 94);
  EXPECT_EQ(halpe.IndexOf("Right Pinky Tip"), 135);
  EXPECT_EQ(BoneNames()[FindJoint("Left Ring 2").source_idx], "L_Ring2");
  EXPECT_EQ(BoneNames()[FindJoint("Right Hand Root").source_idx], "R_Wrist");
  EXPECT_EQ(kLandmarkNames[FindJoint("Right Pinky Tip").source_idx], "rpinky");
}

TEST(Joints, FacesMirrorAsPublished) {
  const std::vector<int> expected = {
      16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,  26, 25, 24, 23, 22, 21,
      20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
      41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};
  const std::vector<int> mirror = FindKeypointSet("coco_wholebody133").MirrorPermutation();
  for (int i = 0; i < 68; ++i) EXPECT_EQ(mirror[23 + i], 23 + expected[i]) << i;
  for (int i = 0; i < 21; ++i) EXPECT_EQ(mirror[91 + i], 112 + i);
}

TEST(Joints, SetsHaveTheirSizes) {
  const std::map<std::string_view, int> sizes = {{"spin49", 49},
                                                 {"coco17", 17},
                                                 {"body25", 25},
                                                 {"lsp14", 14},
                                                 {"mpii16", 16},
                                                 {"h36m17", 17},
                                                 {"smpl24", 24},
                                                 {"superset24", 24},
                                                 {"csv21", 21},
                                                 {"halpe26", 26},
                                                 {"coco_wholebody133", 133},
                                                 {"openpose135", 135},
                                                 {"halpe136", 136},
                                                 {"blazepose33", 33}};
  EXPECT_EQ(KeypointSetNames().size(), sizes.size());
  for (const auto& [name, size] : sizes) EXPECT_EQ(FindKeypointSet(name).size(), size) << name;
  EXPECT_THROW(FindKeypointSet("coco18"), UserError);
  EXPECT_EQ(SpinJoints().IndexOf("Right Ankle"), 25);
  EXPECT_EQ(SpinJoints().IndexOf("SMPL Pelvis"), -1);
}

// systems.md 2.3 and the way SPIN's own data files are filled.
TEST(Joints, SpinPositionsOfTheSets) {
  const auto positions = [](std::string_view set) { return SpinPositionsOf(FindKeypointSet(set)); };
  EXPECT_EQ(positions("spin49"), Range(0, 49));
  EXPECT_EQ(positions("body25"), Range(0, 25));
  EXPECT_EQ(positions("lsp14"), Range(25, 14));
  EXPECT_THAT(positions("mpii16"),
              ElementsAre(25, 26, 27, 28, 29, 30, 39, 40, 37, 38, 31, 32, 33, 34, 35, 36));
  EXPECT_THAT(positions("coco17"),
              ElementsAre(44, 45, 46, 47, 48, 34, 33, 35, 32, 36, 31, 28, 27, 29, 26, 30, 25));
  EXPECT_THAT(positions("h36m17"),
              ElementsAre(39, 27, 26, 25, 28, 29, 30, 41, 37, 42, 43, 34, 35, 36, 33, 32, 31));
  const std::vector<int> smpl = positions("smpl24");
  const KeypointSet& set = FindKeypointSet("smpl24");
  EXPECT_EQ(smpl[set.IndexOf("SMPL L_Knee")], SpinJoints().IndexOf("Left Knee"));
  EXPECT_EQ(smpl[set.IndexOf("SMPL L_Hip")], SpinJoints().IndexOf("OP LHip"));
  EXPECT_EQ(smpl[set.IndexOf("SMPL Spine2")], -1);
  std::vector<int> protocol = Range(25, 13);
  protocol.push_back(43);
  EXPECT_EQ(Lsp14InSpin(), protocol);
}

TEST(ModelJoints, StandInsLieNearTheRegressedJoints) {
  const auto with = LoadCc0Body(kSharedData / "body/J_regressor_extra.npy");
  const auto without = LoadCc0Body();
  if (with == nullptr) GTEST_SKIP() << "needs " << kSharedData;
  ASSERT_EQ(without->J_regressor_extra.rows(), 0);
  Rng rng(1, RngStream::kTest);
  for (const BodyParams& params : {BodyParams(SmplLayout()), RandomParams(rng, 0.3)}) {
    const Points3 exact = ModelJoints(*with, params, SpinJoints());
    const Points3 stand_in = ModelJoints(*without, params, SpinJoints());
    for (int i = 0; i < kNumSpinJoints; ++i) {
      EXPECT_LT((exact.row(i) - stand_in.row(i)).norm(), 0.035) << SpinJoints().joints[i];
    }
  }
}

// The stand-ins' table, number by number, on a posed body on which nothing lies between anything.
TEST(ModelJoints, StandInsAreThoseOfTheTable) {
  BodyModel model = MakeRandomBody(11);
  model.J_regressor_extra.resize(0, 0);
  Rng rng(12, RngStream::kTest);
  const PosedBody posed = PoseBody(model, RandomParams(rng));
  const Points3 found = RegressJoints(model, SpinJoints(), posed);
  const auto at = [&](const char* name) -> Vec3 {
    return found.row(SpinJoints().IndexOf(name)).transpose();
  };
  const auto joint = [&](int k) -> Vec3 { return posed.joints.row(k).transpose(); };
  Eigen::Index highest;
  model.v_template.col(1).maxCoeff(&highest);
  const Vec3 top = posed.vertices.row(highest).transpose();
  const Vec3 nose = posed.vertices.row(model.landmark_vertices[0]).transpose();
  const std::pair<const char*, Vec3> expected[] = {
      {"Right Hip", 1.1 * joint(2) - 0.1 * joint(1)},
      {"Left Hip", 1.1 * joint(1) - 0.1 * joint(2)},
      {"Neck (LSP)", 0.5 * joint(12) + 0.25 * (joint(13) + joint(14))},
      {"Top of Head (LSP)", top},
      {"Pelvis (MPII)", 0.5 * (joint(1) + joint(2))},
      {"Thorax (MPII)", 0.4 * joint(12) + 0.3 * (joint(13) + joint(14))},
      {"Spine (H36M)", 0.5 * (joint(3) + joint(6))},
      {"Jaw (H36M)", 0.45 * joint(12) + 0.1 * joint(15) + 0.45 * nose},
      {"Head (H36M)", 0.5 * (joint(15) + top)}};
  for (const auto& [name, point] : expected) EXPECT_LT((at(name) - point).norm(), 1e-12) << name;
  // A body without a nose has a jaw all the same.
  model.landmark_vertices[0] = -1;
  KeypointSet jaw{"jaw", {"Jaw (H36M)"}};
  const Vec3 without_nose = RegressJoints(model, jaw, posed).row(0).transpose();
  EXPECT_LT((without_nose - 0.45 * joint(12) - 0.55 * joint(15)).norm(), 1e-12);
}

TEST(ModelJoints, ARowsSumScalesTheTranslation) {
  const BodyModel model = MakeRandomBody(1, 0.8);
  BodyParams params{SmplLayout()};
  const Points3 before = ModelJoints(model, params, SpinJoints());
  params.transl() = Vec3{1, 2, 10};
  const Points3 after = ModelJoints(model, params, SpinJoints());
  for (int i = 0; i < kNumSpinJoints; ++i) {
    const bool regressed = FindJoint(SpinJoints().joints[i]).source == JointSource::kExtraRegressor;
    const Vec3 moved = (after.row(i) - before.row(i)).transpose();
    EXPECT_LT((moved - (regressed ? 0.8 : 1.0) * params.transl()).norm(), 1e-12);
  }
}

}  // namespace
}  // namespace gyre
