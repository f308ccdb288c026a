// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/pose_prior.h"

#include <gtest/gtest.h>

#include <cmath>

#include "body/reduced_body.h"
#include "fitting/terms/autodiff_term.h"
#include "fitting/terms/term_test_point.h"

namespace gyre {
namespace {

// The formula of pose_prior.h, by a component that the test names.
struct MixtureOracle {
  const LayoutPrior& prior;
  int component;
  double weight;

  template <typename T>
  bool operator()(std::span<const AutodiffFrame<T>> frames, T* residuals) const {
    const LayoutPrior::Component& k = prior.components()[component];
    for (int row = 0; row < prior.size(); ++row) {
      residuals[row] = T(0);
      for (int i = 0; i < prior.size(); ++i) {
        const T value = frames[0].params[3 * prior.joints()[i / 3] + i % 3];
        residuals[row] += weight / std::sqrt(2.0) * k.sqrt_precision(row, i) * (value - k.mean[i]);
      }
    }
    residuals[prior.size()] = T(weight * std::sqrt(k.neg_log_weight));
    return true;
  }
};

void CheckPrior(const BodyModel& body) {
  const auto prior = std::make_shared<LayoutPrior>(MakeStickPrior(), *body.layout);
  const FoldedJoints joints = FoldedJoints::Skeleton(body);
  const PosePriorTerm term(prior, 4.78);
  ASSERT_EQ(term.rows(), prior->size() + 1);
  for (int component = 0; component < 2; ++component) {
    TermPoint at{joints, {BodyParams(*body.layout)}, BodyParams(*body.layout)};
    Rng rng(component, RngStream::kTest);
    for (double& value : at.frames[0].values()) value = 0.1 * rng.Normal();
    LayoutPrior::Pose pose = prior->PoseOf(at.frames[0]);
    pose += prior->components()[component].mean;
    prior->SetPose(pose, &at.frames[0]);
    ASSERT_EQ(prior->BestComponent(pose), component);
    EXPECT_TERM(
        term,
        AutodiffTerm("oracle", 4.78, prior->size() + 1, {}, MixtureOracle{*prior, component, 4.78}),
        at);
    EXPECT_NEAR(ValuesOf(term, at).residuals.squaredNorm(),
                4.78 * 4.78 * prior->Energy(at.frames[0]), 1e-8);
  }
}

TEST(PosePriorTermTest, EqualsItsOracle) { CheckPrior(*MakeStickBody()); }

TEST(PosePriorTermTest, OnABodyOfOtherJoints) {
  const std::vector<std::string> joints = {"Pelvis", "R_Hip", "L_Knee",
                                           "R_Knee", "Neck",  "L_Elbow"};
  CheckPrior(ReduceBody(*MakeStickBody(), joints, 2));
}

}  // namespace
}  // namespace gyre
