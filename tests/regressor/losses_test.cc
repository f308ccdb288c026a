// SPDX-License-Identifier: Apache-2.0
#include "regressor/losses/losses.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "body/joints.h"
#include "core/error.h"
#include "regressor/regressor_test_util.h"

namespace gyre {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kOpenPose = 25, kRightHip = 2, kLeftHip = 3;  // of the 49; of the superset

// Two people: prediction and target alike, everything observed; scale of the camera 1.
class LossesTest : public ::testing::Test {
 protected:
  LossesTest() {
    const auto options = at::TensorOptions(at::kDouble);
    prediction_.set = target_.set = &SpinJoints();
    target_.joints_first = kOpenPose;
    prediction_.rotations = at::eye(3, options).expand({2, 24, 3, 3}).clone();
    prediction_.betas = at::zeros({2, 10}, options);
    prediction_.camera = at::zeros({2, 3}, options);
    prediction_.camera.select(1, 0).fill_(1);
    prediction_.joints = at::zeros({2, 49, 3}, options);
    prediction_.keypoints = at::zeros({2, 49, 2}, options);
    target_.keypoints = at::zeros({2, 49, 3}, options);
    target_.keypoints.select(2, 2).fill_(1);
    target_.joints = at::zeros({2, 24, 4}, options);
    target_.joints.select(2, 3).fill_(1);
    target_.has_joints = at::ones({2}, options);
    target_.rotations = prediction_.rotations.clone();
    target_.betas = at::zeros({2, 10}, options);
    target_.valid = at::ones({2}, options);
  }

  Losses Compute() { return ComputeLosses(prediction_, target_, options_); }
  double Term(const std::string& name) {
    for (const auto& [key, term] : Compute().terms) {
      if (key == name) return Value(term);
    }
    ADD_FAILURE() << "no term " << name;
    return kNaN;
  }

  Output prediction_;
  Targets target_;
  LossOptions options_;
};

TEST_F(LossesTest, PerfectPredictionCostsOnlyTheCamera) {
  const Losses losses = Compute();
  EXPECT_NEAR(Value(losses.total), 60 * std::exp(-20.0), 1e-12);
  EXPECT_EQ(losses.terms.size(), 5u);
}

TEST_F(LossesTest, TotalIsTheWeightedSumOfSpin) {
  prediction_.keypoints.fill_(0.1);
  prediction_.betas.fill_(2);
  prediction_.camera.select(1, 0).fill_(0);
  prediction_.rotations.add_(0.5);
  prediction_.joints.select(1, kOpenPose + 7).fill_(0.3);
  std::map<std::string, double> terms;
  for (const auto& [name, term] : Compute().terms) terms[name] = Value(term);
  // Only the 24 annotated joints of 49 count, and the mean is over all 49.
  EXPECT_NEAR(terms["keypoints_2d"], 0.01 * 24 / 49, 1e-12);
  EXPECT_NEAR(terms["keypoints_3d"], 0.09 / 24, 1e-12);
  EXPECT_NEAR(terms["pose"], 0.25, 1e-12);
  EXPECT_NEAR(terms["betas"], 4, 1e-12);
  EXPECT_NEAR(terms["camera"], 1, 1e-12);
  EXPECT_NEAR(Value(Compute().total),
              60 * (5 * terms["keypoints_2d"] + 5 * terms["keypoints_3d"] + terms["pose"] +
                    0.001 * terms["betas"] + terms["camera"]),
              1e-9);
}

TEST_F(LossesTest, RotationsTeachByTheirWeights) {
  const int64_t samples = prediction_.rotations.size(0);
  prediction_.rotations.select(1, 3).add_(0.5);
  target_.joint_weight = at::ones({samples, 24}, prediction_.rotations.options());
  EXPECT_NEAR(Term("pose"), 0.25 / 24, 1e-12);
  target_.joint_weight.select(1, 3).fill_(0.2);
  EXPECT_NEAR(Term("pose"), 0.2 * 0.25 / 23.2, 1e-12);
  target_.valid.fill_(0);
  EXPECT_EQ(Term("pose"), 0);
}

TEST_F(LossesTest, ObservedMeanDividesByTheConfidences) {
  prediction_.keypoints.fill_(0.1);
  target_.keypoints.select(2, 2).fill_(0);
  target_.keypoints[1][30][2] = 0.0625;  // of two coordinates: an eighth in all
  options_.mean = LossMean::kObserved;
  EXPECT_NEAR(Term("keypoints_2d"), 0.01, 1e-12);
  options_.mean = LossMean::kAll;
  EXPECT_NEAR(Term("keypoints_2d"), 0.01 * 0.0625 / 98, 1e-12);
}

TEST_F(LossesTest, OpenPoseJointsCountByTheirWeight) {
  prediction_.keypoints.select(1, 0).fill_(0.1);  // OpenPose's nose
  EXPECT_EQ(Term("keypoints_2d"), 0);
  options_.openpose_joints = 1;
  EXPECT_NEAR(Term("keypoints_2d"), 0.01 / 49, 1e-12);
}

TEST_F(LossesTest, JointsAreComparedAboutTheirHips) {
  prediction_.joints.fill_(7);
  target_.joints.narrow(2, 0, 3).fill_(-3);
  EXPECT_NEAR(Term("keypoints_3d"), 0, 1e-20);
  ASSERT_EQ(SpinJoints().IndexOf("Right Hip"), kOpenPose + kRightHip);
  ASSERT_EQ(SpinJoints().IndexOf("Left Hip"), kOpenPose + kLeftHip);
  // One hip moves by d along x: it is d/2 off, the other and the 22 rest -d/2.
  prediction_.joints.select(1, kOpenPose + kRightHip).select(1, 0).add_(0.2);
  EXPECT_NEAR(Term("keypoints_3d"), 24 * 0.01 / 72, 1e-12);
  target_.joints.select(1, kLeftHip).select(1, 3).fill_(0);  // no centre any more
  EXPECT_EQ(Term("keypoints_3d"), 0);
}

TEST_F(LossesTest, L1TakesAbsoluteValues) {
  options_.norm = LossNorm::kL1;
  prediction_.betas.fill_(-2);
  EXPECT_NEAR(Term("betas"), 2, 1e-12);
}

TEST_F(LossesTest, VerticesAreAnL1MeanOverValidSamples) {
  options_.vertices = 1;
  prediction_.vertices = at::zeros({2, 5, 3}, at::kDouble);
  target_.vertices = at::zeros({2, 5, 3}, at::kDouble);
  target_.vertices[0].fill_(-0.25);
  target_.vertices[1].fill_(kNaN);
  target_.valid[1] = 0;
  EXPECT_NEAR(Term("vertices"), 0.25, 1e-12);
}

TEST_F(LossesTest, MaskedSamplesContributeNothingWhateverTheyHold) {
  prediction_.betas[0].fill_(1);
  target_.rotations[1].fill_(kNaN);
  target_.betas[1].fill_(kNaN);
  target_.valid[1] = 0;
  target_.joints[1].fill_(kNaN);
  target_.has_joints[1] = 0;
  target_.keypoints[1].narrow(1, 0, 2).fill_(kNaN);
  target_.keypoints[1].select(1, 2).fill_(0);
  for (at::Tensor* t : {&prediction_.betas, &prediction_.rotations, &prediction_.joints,
                        &prediction_.keypoints}) {
    t->requires_grad_();
  }
  const Losses losses = Compute();
  losses.total.backward();
  EXPECT_NEAR(Term("betas"), 1, 1e-12);  // a mean over the one valid sample
  EXPECT_GT(MaxAbs(prediction_.betas.grad()[0]), 0);
  for (const at::Tensor& t :
       {prediction_.betas, prediction_.rotations, prediction_.joints, prediction_.keypoints}) {
    EXPECT_EQ(MaxAbs(t.grad()[1]), 0);
  }
}

TEST_F(LossesTest, EmptyMasksGiveExactlyZeroAndZeroGradients) {
  prediction_.betas.fill_(3).requires_grad_();
  prediction_.joints.uniform_().requires_grad_();
  prediction_.keypoints.fill_(1).requires_grad_();
  target_.valid.fill_(0);
  target_.has_joints.fill_(0);
  target_.keypoints.select(2, 2).fill_(0);
  for (const LossMean mean : {LossMean::kAll, LossMean::kObserved}) {
    options_.mean = mean;
    const Losses losses = Compute();
    for (const auto& [name, term] : losses.terms) {
      if (name == "camera") continue;
      EXPECT_EQ(Value(term), 0) << name;
    }
    losses.total.backward();
    EXPECT_EQ(MaxAbs(prediction_.betas.grad()), 0);
    EXPECT_EQ(MaxAbs(prediction_.joints.grad()), 0);
    EXPECT_EQ(MaxAbs(prediction_.keypoints.grad()), 0);
  }
}

// Three people of 17 keypoints, odd numbers, the answers spelt out.
class OddLossesTest : public ::testing::Test {
 protected:
  OddLossesTest() {
    output_.set = targets_.set = &FindKeypointSet("coco17");
    output_.keypoints = at::zeros({3, 17, 2}, at::kDouble);
    targets_.keypoints = at::zeros({3, 17, 3}, at::kDouble);
    Set(output_.keypoints[0][3], {0.2, -0.5});
    Set(targets_.keypoints[0][3], {0.1, 0.2, 0.7});  // off by 0.1, -0.7
    Set(output_.keypoints[2][11], {-0.1, 0.3});
    Set(targets_.keypoints[2][11], {0.2, 0.3, 0.4});  // off by -0.3, 0
    Set(targets_.keypoints[1][16], {5, 6, 0});        // not seen
    output_.joints = at::zeros({3, 17, 3}, at::kDouble);
    targets_.joints = at::zeros({3, 17, 4}, at::kDouble);
    targets_.joints.select(2, 3).fill_(0.5);
    targets_.has_joints = at::ones({3}, at::kDouble);
    targets_.has_joints[1] = 0;
  }
  static void Set(const at::Tensor& row, const std::vector<double>& values) {
    for (size_t i = 0; i < values.size(); ++i) row[static_cast<int64_t>(i)] = values[i];
  }
  std::map<std::string, double> Terms() {
    std::map<std::string, double> terms;
    const Losses losses = ComputeLosses(output_, targets_, options_);
    total_ = Value(losses.total);
    for (const auto& [name, term] : losses.terms) terms[name] = Value(term);
    return terms;
  }

  Output output_;
  Targets targets_;
  LossOptions options_;
  double total_ = 0;
};

TEST_F(OddLossesTest, KeypointsOfAnySet) {
  options_.annotated_joints = 3;  // all of COCO's
  options_.openpose_joints = 100;
  EXPECT_NEAR(Terms()["keypoints_2d"], 3 * (0.7 * (0.01 + 0.49) + 0.4 * 0.09) / (3 * 17 * 2),
              1e-12);
  options_.mean = LossMean::kObserved;
  EXPECT_NEAR(Terms()["keypoints_2d"], (0.7 * (0.01 + 0.49) + 0.4 * 0.09) / (2 * (0.7 + 0.4)),
              1e-12);
  options_.norm = LossNorm::kL1;
  EXPECT_NEAR(Terms()["keypoints_2d"], (0.7 * (0.1 + 0.7) + 0.4 * 0.3) / (2 * (0.7 + 0.4)), 1e-12);
}

TEST_F(OddLossesTest, OpenPoseIsToldByItsNames) {
  output_.set = targets_.set = &FindKeypointSet("body25");
  output_.keypoints = at::zeros({2, 25, 2}, at::kDouble);
  targets_.keypoints = at::zeros({2, 25, 3}, at::kDouble);
  Set(targets_.keypoints[1][24], {0.3, 0, 1});
  options_.openpose_joints = 2;
  options_.annotated_joints = 100;
  output_.joints.reset();
  EXPECT_NEAR(Terms()["keypoints_2d"], 2 * 0.09 / (2 * 25 * 2), 1e-12);
}

TEST_F(OddLossesTest, JointsAreAboutTheHipsOfTheirSet) {
  // COCO's 11 and 12 are the hips. Joint 5 of the third person moves by (0.3, 0, -0.2); one hip by
  // 0.8 along y, so that the middle, and with it everybody else, is 0.4 off.
  Set(output_.joints[2][5], {0.3, 0, -0.2});
  output_.joints[1].fill_(9);  // nothing is known of this one
  const double alone = 0.5 * (0.09 + 0.04);
  EXPECT_NEAR(Terms()["keypoints_3d"], alone / (2 * 17 * 3), 1e-12);
  output_.joints[0][12][1] = 0.8;
  EXPECT_NEAR(Terms()["keypoints_3d"], (alone + 0.5 * 17 * 0.16) / (2 * 17 * 3), 1e-12);
  options_.mean = LossMean::kObserved;
  EXPECT_NEAR(Terms()["keypoints_3d"], (alone + 0.5 * 17 * 0.16) / (0.5 * 2 * 17 * 3), 1e-12);
  targets_.joints[0][12][3] = 0;  // a hip that is not known: no centre
  EXPECT_NEAR(Terms()["keypoints_3d"], alone / (0.5 * 17 * 3), 1e-12);
}

TEST_F(OddLossesTest, ASetWithoutHipsIsAboutItsFirstJoint) {
  output_.set = targets_.set = &FindKeypointSet("smpl24");
  output_.keypoints.reset();
  output_.joints = at::zeros({2, 24, 3}, at::kDouble);
  targets_.joints = at::ones({2, 24, 4}, at::kDouble);  // all moved by (1, 1, 1)
  targets_.has_joints = at::ones({2}, at::kDouble);
  EXPECT_NEAR(Terms()["keypoints_3d"], 0, 1e-20);
  Set(output_.joints[1][0], {0, 0.5, 0});
  EXPECT_NEAR(Terms()["keypoints_3d"], 23 * 0.25 / (2 * 24 * 3), 1e-12);
}

TEST_F(OddLossesTest, OnlyWhatBothSidesHoldIsCompared) {
  EXPECT_EQ(Terms().size(), 2u);
  output_.betas = at::ones({3, 10}, at::kDouble);
  EXPECT_EQ(Terms().size(), 2u);  // nobody knows the shape
  output_.keypoints.reset();
  output_.betas.reset();
  const auto terms = Terms();
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_TRUE(terms.contains("keypoints_3d"));
  output_.joints.reset();
  EXPECT_THROW(Terms(), UserError);
}

// A body that is read from a mesh borrows the mesh's camera, which alone can learn.
TEST_F(OddLossesTest, TheCameraOfAMeshIsTheOneThatCounts) {
  output_.camera = at::full({3, 3}, 0.9, at::kDouble);
  EXPECT_NEAR(Terms()["camera"], std::exp(-18), 1e-20);
  output_.mesh_camera = at::zeros({3, 3}, at::kDouble);
  Set(output_.mesh_camera.select(1, 0), {0.15, -0.05, 0.1});
  EXPECT_NEAR(Terms()["camera"], (std::exp(-3) + std::exp(1) + std::exp(-2)) / 3, 1e-12);
}

// Each weight meets its own term, and the terms have their order.
TEST_F(OddLossesTest, WeightsGoByNames) {
  targets_.valid = at::ones({3}, at::kDouble);
  targets_.valid[0] = 0;
  Set(output_.joints[2][5], {1, 0, 0});
  output_.rotations = at::full({3, 2, 3, 3}, 0.1, at::kDouble);
  targets_.rotations = at::zeros({3, 2, 3, 3}, at::kDouble);
  output_.betas = at::full({3, 4}, 0.2, at::kDouble);
  targets_.betas = at::zeros({3, 4}, at::kDouble);
  output_.expression = at::full({3, 5}, 0.3, at::kDouble);
  targets_.expression = at::zeros({3, 5}, at::kDouble);
  output_.vertices = at::full({3, 6, 3}, -0.4, at::kDouble);
  targets_.vertices = at::zeros({3, 6, 3}, at::kDouble);
  output_.camera = at::zeros({3, 3}, at::kDouble);
  output_.camera.select(1, 1).fill_(7);  // only the scale counts
  Set(output_.camera.select(1, 0), {0.1, 0.2, -0.1});
  options_.total = 2;
  options_.keypoints_2d = 3;
  options_.keypoints_3d = 5;
  options_.pose = 7;
  options_.betas = 11;
  options_.expression = 13;
  options_.camera = 17;
  options_.vertices = 19;
  const auto terms = Terms();
  EXPECT_NEAR(terms.at("keypoints_3d"), 0.5 / (2 * 17 * 3), 1e-12);
  EXPECT_NEAR(terms.at("pose"), 0.01, 1e-12);
  EXPECT_NEAR(terms.at("betas"), 0.04, 1e-12);
  EXPECT_NEAR(terms.at("expression"), 0.09, 1e-12);
  EXPECT_NEAR(terms.at("camera"), (std::exp(-2) + std::exp(-4) + std::exp(2)) / 3, 1e-12);
  EXPECT_NEAR(terms.at("vertices"), 0.4, 1e-12);
  EXPECT_NEAR(total_,
              2 * (3 * terms.at("keypoints_2d") + 5 * terms.at("keypoints_3d") + 7 * 0.01 +
                   11 * 0.04 + 13 * 0.09 + 17 * terms.at("camera") + 19 * 0.4),
              1e-10);
  std::vector<std::string> order;
  for (const LossKind& kind : LossKinds()) order.emplace_back(kind.name);
  EXPECT_EQ(order, (std::vector<std::string>{
                       "keypoints_2d", "keypoints_3d", "pose", "betas", "expression", "camera",
                       "uvd", "volumes", "twist", "axis_angle", "body_joints", "vertices",
                       "mesh_vertices", "mesh_keypoints_2d", "mesh_keypoints_3d", "joint_distance",
                       "root_path", "reprojection", "bones", "silhouette", "silhouette_pixels",
                       "parts", "mask"}));
}

TEST_F(LossesTest, OptionsAreChecked) {
  options_.Check();
  options_.pose = -1;
  EXPECT_THROW(options_.Check(), UserError);
  options_.pose = kNaN;
  EXPECT_THROW(options_.Check(), UserError);
}

// Two ranks with a person each, unlike in what is observed of them: the mean of their losses is the
// loss of both, whatever each has of a term.
TEST_F(LossesTest, MeanOverRanksIsTheWholeBatch) {
  prediction_.keypoints[0].fill_(0.3);
  prediction_.keypoints[1].fill_(-0.7);
  prediction_.betas[0].fill_(2);
  prediction_.joints.select(1, kOpenPose + 7).fill_(0.3);
  target_.keypoints[0].select(1, 2).fill_(0.2);
  target_.valid[0] = 0;
  target_.has_joints[1] = 0;
  target_.joint_weight = at::rand({2, 24}, at::kDouble);
  prediction_.rotations.add_(0.5);
  for (const LossMean mean : {LossMean::kAll, LossMean::kObserved}) {
    options_.mean = mean;
    // What the ranks' denominators come to, as ComputeLosses asks for it.
    const auto on_rank = [&](int64_t rank, const RankMean& rank_mean) {
      Output p = prediction_;
      for (at::Tensor* t : {&p.rotations, &p.betas, &p.camera, &p.joints, &p.keypoints}) {
        *t = t->narrow(0, rank, 1);
      }
      Targets t = target_;
      for (at::Tensor* of : {&t.keypoints, &t.joints, &t.has_joints, &t.rotations, &t.betas,
                             &t.valid, &t.joint_weight}) {
        *of = of->narrow(0, rank, 1);
      }
      return ComputeLosses(p, t, options_, rank_mean);
    };
    at::Tensor given[2];
    for (int rank = 0; rank < 2; ++rank) {
      on_rank(rank, {2, [&](const at::Tensor& own) { return given[rank] = own; }});
    }
    const RankMean known{2, [&](const at::Tensor&) { return (given[0] + given[1]) / 2; }};
    const Losses whole = Compute(), first = on_rank(0, known), second = on_rank(1, known);
    for (size_t i = 0; i < whole.terms.size(); ++i) {
      EXPECT_NEAR((Value(first.terms[i].second) + Value(second.terms[i].second)) / 2,
                  Value(whole.terms[i].second), 1e-12)
          << whole.terms[i].first;
    }
    EXPECT_NEAR((Value(first.total) + Value(second.total)) / 2, Value(whole.total), 1e-10);
  }
}

}  // namespace
}  // namespace gyre
