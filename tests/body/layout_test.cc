// SPDX-License-Identifier: Apache-2.0
// Bodies of other layouts than SMPL's: names, blocks, files, reduced bodies, priors on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/Cholesky>

#include "body/kinematics.h"
#include "body/joints.h"
#include "body/layout_prior.h"
#include "body/model_joints.h"
#include "body/reduced_body.h"
#include "body/symmetry.h"
#include "body/test_body.h"
#include "core/error.h"
#include "core/so3.h"
#include "io/npz.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> kTwelve = {"Pelvis", "L_Hip",    "R_Hip",      "L_Knee",
                                          "R_Knee", "L_Ankle",  "R_Ankle",    "Neck",
                                          "Head",   "L_Shoulder", "R_Shoulder", "L_Elbow"};

TEST(BodyLayout, KnowsFamiliesByTheirJoints) {
  std::vector<int> parents(52, 0);
  parents[0] = -1;
  const BodyLayout smplh = MakeLayout(parents, {}, 10, 0);
  EXPECT_EQ(smplh.family, "smplh");
  EXPECT_EQ(FamilyTitle(smplh), "SMPL+H");
  EXPECT_EQ(smplh.joints[22], "L_Index1");
  EXPECT_EQ(smplh.mirror[22], 37);
  EXPECT_EQ(smplh.blocks[36], JointBlock::kLeftHand);
  EXPECT_EQ(smplh.blocks[37], JointBlock::kRightHand);
  EXPECT_EQ(smplh.num_params(), 156 + 10 + 3);
  EXPECT_EQ(smplh.num_pose_features(), 459);

  const std::vector<std::string> names = {"pelvis", "left_hip", "right_eye_smplhf", "jaw",
                                          "left_thumb3"};
  const BodyLayout other = MakeLayout({-1, 0, 0, 2, 1}, names, 3, 2);
  EXPECT_EQ(other.family, "other");
  EXPECT_EQ(FamilyTitle(other), "a body of 5 joints");
  EXPECT_THAT(other.joints, ElementsAre("Pelvis", "L_Hip", "R_Eye", "Jaw", "L_Thumb3"));
  EXPECT_THAT(other.mirror, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(other.blocks, ElementsAre(JointBlock::kRoot, JointBlock::kBody, JointBlock::kEyes,
                                        JointBlock::kJaw, JointBlock::kLeftHand));
  EXPECT_EQ(other.num_shape(), 5);
}

TEST(BodyLayout, SmplsSizes) {
  const BodyLayout& smpl = SmplLayout();
  EXPECT_EQ(smpl.num_joints(), 24);
  EXPECT_EQ(smpl.num_params(), 85);
  EXPECT_EQ(smpl.family, "smpl");
  EXPECT_EQ(smpl.IndexOf("R_Wrist"), 21);
  EXPECT_EQ(smpl.IndexOf("Jaw"), -1);
}

TEST(BodyParams, PartsFollowEachOther) {
  const BodyLayout layout = MakeLayout({-1, 0, 0}, {}, 4, 2);
  BodyParams params(layout);
  params.pose() << 1, 2, 3, 4, 5, 6, 7, 8, 9;
  params.betas() << 10, 11, 12, 13;
  params.expression() << 14, 15;
  params.transl() << 16, 17, 18;
  for (int i = 0; i < 18; ++i) EXPECT_EQ(params.values()[i], i + 1);
  EXPECT_EQ(params.rotation(2), Vec3(7, 8, 9));
  EXPECT_EQ(params.shape().size(), 6);
  EXPECT_EQ(params.shape()[4], 14);
  EXPECT_TRUE(params.Fits(layout));
  EXPECT_FALSE(params.Fits(SmplLayout()));
  EXPECT_FALSE(params.Fits(MakeLayout({-1, 0, 0}, {}, 5, 1)));
}

class ReducedBody : public testing::Test {
 protected:
  const BodyModel full_ = MakeRandomBody(4);
  const BodyModel reduced_ = ReduceBody(full_, kTwelve, 7);
};

TEST_F(ReducedBody, MovesAsTheWholeOneWithTheOtherJointsAtRest) {
  CheckBodyModel(reduced_);
  EXPECT_EQ(reduced_.num_joints(), 12);
  EXPECT_THAT(reduced_.parents(), ElementsAre(-1, 0, 0, 1, 2, 3, 4, 0, 7, 0, 0, 9));
  EXPECT_THAT(reduced_.layout->mirror, ElementsAre(0, 2, 1, 4, 3, 6, 5, 7, 8, 10, 9, 11));
  Rng rng(5, RngStream::kTest);
  BodyParams params(*reduced_.layout), whole(SmplLayout());
  for (double& value : params.values()) value = 0.4 * rng.Normal();
  for (int k = 0; k < 12; ++k) {
    whole.rotation(SmplLayout().IndexOf(reduced_.layout->joints[k])) = params.rotation(k);
  }
  whole.betas().head(7) = params.betas();
  whole.transl() = params.transl();
  const PosedBody expected = PoseBody(full_, whole), posed = PoseBody(reduced_, params);
  EXPECT_LT((posed.vertices - expected.vertices).cwiseAbs().maxCoeff(), 1e-12);
  for (int k = 0; k < 12; ++k) {
    const int joint = SmplLayout().IndexOf(reduced_.layout->joints[k]);
    EXPECT_LT((posed.joints.row(k) - expected.joints.row(joint)).norm(), 1e-12);
  }
}

TEST_F(ReducedBody, FoldedJointsAreThoseOfTheMeshAndTheirJacobianThatOfDifferences) {
  const KeypointSet set{"some", {"OP Nose", "Right Hip", "Left Elbow", "SMPL Neck", "OP LHeel"}};
  const FoldedJoints folded(reduced_, set);
  Rng rng(6, RngStream::kTest);
  BodyParams params(*reduced_.layout);
  for (double& value : params.values()) value = 0.5 * rng.Normal();
  Points3 positions;
  RowMatX jacobian;
  folded.Evaluate(params, &positions, &jacobian);
  EXPECT_LT((positions - ModelJoints(reduced_, params, set)).cwiseAbs().maxCoeff(), 1e-12);
  ASSERT_EQ(jacobian.cols(), 36 + 7 + 3);
  constexpr double kStep = 1e-6;
  for (int p = 0; p < jacobian.cols(); ++p) {
    BodyParams more = params, less = params;
    more.values()[p] += kStep;
    less.values()[p] -= kStep;
    const Points3 slope = (folded.Positions(more) - folded.Positions(less)) / (2 * kStep);
    for (int i = 0; i < set.size(); ++i) {
      for (int axis = 0; axis < 3; ++axis) {
        ASSERT_NEAR(jacobian(3 * i + axis, p), slope(i, axis), 1e-7) << set.joints[i] << ", " << p;
      }
    }
  }
  const FoldedJoints skeleton = FoldedJoints::Skeleton(reduced_);
  EXPECT_LT((skeleton.Positions(params) - PoseBody(reduced_, params).joints).cwiseAbs().maxCoeff(),
            1e-12);
}

TEST_F(ReducedBody, SaysWhichJointsItHas) {
  EXPECT_TRUE(HasJoint(reduced_, FindJoint("OP LElbow")));
  EXPECT_FALSE(HasJoint(reduced_, FindJoint("OP RElbow")));
  EXPECT_FALSE(HasJoint(reduced_, FindJoint("SMPL L_Collar")));
  try {
    FoldedJoints(reduced_, FindKeypointSet("smpl24"));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no joint \"SMPL Spine1\""));
  }
}

TEST_F(ReducedBody, ParametersOfAnotherLayoutAreRefused) {
  EXPECT_THROW(PoseBody(reduced_, BodyParams(SmplLayout())), std::logic_error);
  EXPECT_THROW(FoldedJoints::Skeleton(reduced_).Positions(BodyParams(SmplLayout())),
               std::logic_error);
}

TEST_F(ReducedBody, ComesBackFromItsFile) {
  const auto path = std::filesystem::temp_directory_path() / "gyre_reduced_body.npz";
  SaveBodyModel(reduced_, path);
  const auto loaded = LoadBodyModel(path.string());
  std::filesystem::remove(path);
  EXPECT_EQ(*loaded->layout, *reduced_.layout);
  EXPECT_EQ(loaded->posedirs, reduced_.posedirs);
  EXPECT_EQ(loaded->shapedirs, reduced_.shapedirs);
}

TEST_F(ReducedBody, MirrorsTwiceToItself) {
  const RestJoints rest(reduced_);
  Rng rng(7, RngStream::kTest);
  BodyParams params(*reduced_.layout);
  for (double& value : params.values()) value = 0.4 * rng.Normal();
  const BodyParams once = MirrorParams(params, rest), twice = MirrorParams(once, rest);
  EXPECT_EQ(once.rotation(4), Vec3(params.rotation(3).x(), -params.rotation(3).y(),
                                   -params.rotation(3).z()));
  EXPECT_LT((twice.values() - params.values()).cwiseAbs().maxCoeff(), 1e-14);
}

TEST_F(ReducedBody, RefusesWhatCannotBeKept) {
  const std::vector<std::string> unknown = {"Pelvis", "Tail"}, headless = {"L_Hip"};
  EXPECT_THROW(ReduceBody(full_, unknown, 3), UserError);
  EXPECT_THROW(ReduceBody(full_, headless, 3), UserError);
}

TEST_F(ReducedBody, ThePriorIsTheMarginalOverSharedJoints) {
  const auto mixture = LoadPosePrior();
  const LayoutPrior prior(mixture, *reduced_.layout);
  EXPECT_EQ(prior.size(), 3 * 11);
  EXPECT_TRUE(prior.contiguous());
  const PriorPose mean = mixture->Mean();
  EXPECT_EQ(prior.Mean().segment<3>(3 * 2), mean.segment<3>(3 * (4 - 1)));  // the left knee
  // The marginal of a Gaussian is least unlikely where the others fit best: integrating them out
  // leaves, up to a constant, the energy at their conditional mean.
  const PosePrior::Component& c = mixture->components()[0];
  const LayoutPrior::Component& reduced = prior.components()[0];
  PriorPose pose = c.mean;
  pose[3 * 3 + 1] += 0.3;  // the left knee
  pose[3 * 17] -= 0.2;     // the left elbow
  std::vector<int> kept, others;
  for (int k = 1; k < 24; ++k) {
    const bool stays = reduced_.layout->IndexOf(SmplLayout().joints[k]) >= 0;
    for (int axis = 0; axis < 3; ++axis) (stays ? kept : others).push_back(3 * (k - 1) + axis);
  }
  const Eigen::MatrixXd p = c.precision;
  const VecX offset = (pose - c.mean)(kept);
  const Eigen::MatrixXd cross = p(others, kept), within = p(others, others);
  PriorPose best = pose;
  best(others) = c.mean(others) - within.llt().solve(cross * offset);
  const double expected = (best - c.mean).dot(p * (best - c.mean));
  EXPECT_NEAR((reduced.sqrt_precision * offset).squaredNorm(), expected, 1e-6 * expected);
}

TEST(LayoutPrior, OnSmplIsTheMixtureItself) {
  const auto mixture = LoadPosePrior();
  const LayoutPrior prior(mixture, SmplLayout());
  Rng rng(8, RngStream::kTest);
  for (int i = 0; i < 5; ++i) {
    BodyParams params(SmplLayout());
    params.pose().tail<kNumPriorPose>() = mixture->Sample(rng, 1.3);
    EXPECT_DOUBLE_EQ(prior.Energy(params), mixture->Energy(params.pose().tail<kNumPriorPose>()));
    BodyParams again(SmplLayout());
    prior.SetPose(prior.PoseOf(params), &again);
    EXPECT_EQ(again.values().tail(82), params.values().tail(82));
  }
}

}  // namespace
}  // namespace gyre
