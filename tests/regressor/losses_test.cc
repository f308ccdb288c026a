// SPDX-License-Identifier: Apache-2.0
#include "regressor/losses.h"

#include <ATen/ops/eye.h>
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
    prediction_.rotmats = at::eye(3, options).expand({2, 24, 3, 3}).clone();
    prediction_.betas() = at::zeros({2, 10}, options);
    prediction_.cam = at::zeros({2, 3}, options);
    prediction_.cam.select(1, 0).fill_(1);
    prediction_.joints49 = at::zeros({2, 49, 3}, options);
    prediction_.keypoints_2d = at::zeros({2, 49, 2}, options);
    target_.keypoints_2d = at::zeros({2, 49, 3}, options);
    target_.keypoints_2d.select(2, 2).fill_(1);
    target_.joints_3d = at::zeros({2, 24, 4}, options);
    target_.joints_3d.select(2, 3).fill_(1);
    target_.has_joints_3d = at::ones({2}, options);
    target_.rotmats = prediction_.rotmats.clone();
    target_.betas() = at::zeros({2, 10}, options);
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

  LossPrediction prediction_;
  LossTarget target_;
  LossOptions options_;
};

TEST_F(LossesTest, PerfectPredictionCostsOnlyTheCamera) {
  const Losses losses = Compute();
  EXPECT_NEAR(Value(losses.total), 60 * std::exp(-20.0), 1e-12);
  EXPECT_EQ(losses.terms.size(), 5u);
}

TEST_F(LossesTest, TotalIsTheWeightedSumOfSpin) {
  prediction_.keypoints_2d.fill_(0.1);
  prediction_.betas().fill_(2);
  prediction_.cam.select(1, 0).fill_(0);
  prediction_.rotmats.add_(0.5);
  prediction_.joints49.select(1, kOpenPose + 7).fill_(0.3);
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
  const int64_t samples = prediction_.rotmats.size(0);
  prediction_.rotmats.select(1, 3).add_(0.5);
  target_.joint_weight = at::ones({samples, kNumBodyJoints}, prediction_.rotmats.options());
  EXPECT_NEAR(Term("pose"), 0.25 / 24, 1e-12);
  target_.joint_weight.select(1, 3).fill_(0.2);
  EXPECT_NEAR(Term("pose"), 0.2 * 0.25 / 23.2, 1e-12);
  target_.valid.fill_(0);
  EXPECT_EQ(Term("pose"), 0);
}

TEST_F(LossesTest, ObservedMeanDividesByTheConfidences) {
  prediction_.keypoints_2d.fill_(0.1);
  target_.keypoints_2d.select(2, 2).fill_(0);
  target_.keypoints_2d[1][30][2] = 0.5;
  options_.mean = LossMean::kObserved;
  EXPECT_NEAR(Term("keypoints_2d"), 0.01, 1e-12);
  options_.mean = LossMean::kAll;
  EXPECT_NEAR(Term("keypoints_2d"), 0.01 * 0.5 / 98, 1e-12);
}

TEST_F(LossesTest, OpenPoseJointsCountByTheirWeight) {
  prediction_.keypoints_2d.select(1, 0).fill_(0.1);  // OpenPose's nose
  EXPECT_EQ(Term("keypoints_2d"), 0);
  options_.openpose_joints = 1;
  EXPECT_NEAR(Term("keypoints_2d"), 0.01 / 49, 1e-12);
}

TEST_F(LossesTest, JointsAreComparedAboutTheirHips) {
  prediction_.joints49.fill_(7);
  target_.joints_3d.narrow(2, 0, 3).fill_(-3);
  EXPECT_NEAR(Term("keypoints_3d"), 0, 1e-20);
  ASSERT_EQ(SpinJoints().IndexOf("Right Hip"), kOpenPose + kRightHip);
  ASSERT_EQ(SpinJoints().IndexOf("Left Hip"), kOpenPose + kLeftHip);
  // One hip moves by d along x: it is d/2 off, the other and the 22 rest -d/2.
  prediction_.joints49.select(1, kOpenPose + kRightHip).select(1, 0).add_(0.2);
  EXPECT_NEAR(Term("keypoints_3d"), 24 * 0.01 / 72, 1e-12);
  target_.joints_3d.select(1, kLeftHip).select(1, 3).fill_(0);  // no centre any more
  EXPECT_EQ(Term("keypoints_3d"), 0);
}

TEST_F(LossesTest, L1TakesAbsoluteValues) {
  options_.norm = LossNorm::kL1;
  prediction_.betas().fill_(-2);
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
  prediction_.betas()[0].fill_(1);
  target_.rotmats[1].fill_(kNaN);
  target_.betas()[1].fill_(kNaN);
  target_.valid[1] = 0;
  target_.joints_3d[1].fill_(kNaN);
  target_.has_joints_3d[1] = 0;
  target_.keypoints_2d[1].narrow(1, 0, 2).fill_(kNaN);
  target_.keypoints_2d[1].select(1, 2).fill_(0);
  for (at::Tensor* t : {&prediction_.betas(), &prediction_.rotmats, &prediction_.joints49,
                        &prediction_.keypoints_2d}) {
    t->requires_grad_();
  }
  const Losses losses = Compute();
  losses.total.backward();
  EXPECT_NEAR(Term("betas"), 1, 1e-12);  // a mean over the one valid sample
  EXPECT_GT(MaxAbs(prediction_.betas().grad()[0]), 0);
  for (const at::Tensor& t :
       {prediction_.betas(), prediction_.rotmats, prediction_.joints49, prediction_.keypoints_2d}) {
    EXPECT_EQ(MaxAbs(t.grad()[1]), 0);
  }
}

TEST_F(LossesTest, EmptyMasksGiveExactlyZeroAndZeroGradients) {
  prediction_.betas().fill_(3).requires_grad_();
  prediction_.joints49.uniform_().requires_grad_();
  prediction_.keypoints_2d.fill_(1).requires_grad_();
  target_.valid.fill_(0);
  target_.has_joints_3d.fill_(0);
  target_.keypoints_2d.select(2, 2).fill_(0);
  for (const LossMean mean : {LossMean::kAll, LossMean::kObserved}) {
    options_.mean = mean;
    const Losses losses = Compute();
    for (const auto& [name, term] : losses.terms) {
      if (name == "camera") continue;
      EXPECT_EQ(Value(term), 0) << name;
    }
    losses.total.backward();
    EXPECT_EQ(MaxAbs(prediction_.betas().grad()), 0);
    EXPECT_EQ(MaxAbs(prediction_.joints49.grad()), 0);
    EXPECT_EQ(MaxAbs(prediction_.keypoints_2d.grad()), 0);
  }
}

TEST_F(LossesTest, OptionsAreChecked) {
  options_.Check();
  options_.pose() = -1;
  EXPECT_THROW(options_.Check(), UserError);
  options_.pose() = kNaN;
  EXPECT_THROW(options_.Check(), UserError);
}

// Two ranks with a person each, unlike in what is observed of them: the mean of their losses is the
// loss of both, whatever each has of a term.
TEST_F(LossesTest, MeanOverRanksIsTheWholeBatch) {
  prediction_.keypoints_2d[0].fill_(0.3);
  prediction_.keypoints_2d[1].fill_(-0.7);
  prediction_.betas()[0].fill_(2);
  prediction_.joints49.select(1, kOpenPose + 7).fill_(0.3);
  target_.keypoints_2d[0].select(1, 2).fill_(0.2);
  target_.valid[0] = 0;
  target_.has_joints_3d[1] = 0;
  target_.joint_weight = at::rand({2, 24}, at::kDouble);
  prediction_.rotmats.add_(0.5);
  for (const LossMean mean : {LossMean::kAll, LossMean::kObserved}) {
    options_.mean = mean;
    // What the ranks' denominators come to, as ComputeLosses asks for it.
    const auto of = [](const at::Tensor& tensor, int64_t rank) {
      return tensor.defined() ? tensor.narrow(0, rank, 1) : tensor;
    };
    const auto on_rank = [&](int64_t rank, const RankMean& rank_mean) {
      const LossPrediction p{of(prediction_.rotmats, rank),      of(prediction_.betas(), rank),
                             of(prediction_.cam, rank),          of(prediction_.joints49, rank),
                             of(prediction_.keypoints_2d, rank), at::Tensor()};
      const LossTarget t{of(target_.keypoints_2d, rank),  of(target_.joints_3d, rank),
                         of(target_.has_joints_3d, rank), of(target_.rotmats, rank),
                         of(target_.betas(), rank),         of(target_.valid, rank),
                         of(target_.joint_weight, rank),  at::Tensor()};
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
