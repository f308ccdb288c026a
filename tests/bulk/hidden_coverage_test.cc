// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/hidden_coverage.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numbers>

#include "body/builtin_body.h"

namespace gyre {
namespace {

// A person at rest 5 m away, whose right knee was held out under both its names: 6 and 8 px from
// the fit's, which is said to be known to 0.05 m: 10 px at f = 1000.
class HiddenCoverageTest : public testing::Test {
 protected:
  HiddenCoverageTest() : skeleton_(FoldedJoints::Skeleton(*body_)) {
    const BodyLayout& layout = *body_->layout;
    fit_.params = BodyParams(layout);
    fit_.params.rotation(0) = Vec3(std::numbers::pi, 0, 0);
    fit_.params.transl() = Vec3(0.3, 0.2, 5);
    knee_ = layout.IndexOf("R_Knee");
    FitUncertainty& sd = fit_.uncertainty.emplace();
    sd.rotation_sd_rad = VecX::Constant(layout.num_joints(), 0.1);
    sd.joint_cov_m2.assign(static_cast<size_t>(layout.num_joints()),
                           Mat3(0.0025 * Mat3::Identity()));
    at_ = skeleton_.Positions(fit_.params).row(knee_).transpose();
    for (const char* name : {"OP RKnee", "Right Knee"}) {
      const int i = SpinJoints().IndexOf(name);
      person_.held_out.push_back(i);
      person_.keypoints.px.row(i) = (camera_.Project(at_) + Vec2(6, 8)).transpose();
    }
    person_.held_out_unit_px = 200;
  }

  std::shared_ptr<const BodyModel> body_ = LoadBodyModel("");
  FoldedJoints skeleton_;
  Camera camera_{1000, {320, 240}};
  int knee_ = 0;
  Vec3 at_ = Vec3::Zero();
  FitResult fit_;
  Person person_;
};

TEST_F(HiddenCoverageTest, InTheImage) {
  HiddenCoverage sure(*body_, 0), unsure(*body_, 0.05);
  sure.Add(person_, camera_, fit_);
  unsure.Add(person_, camera_, fit_);
  EXPECT_EQ(sure.image().all().count(), 1) << "two names of one joint";
  // About (10 px)^2, and as much again of annotators: 1 and 0.5 by chi squared, 0.39 and 0.22.
  EXPECT_EQ(sure.image().all().Within(0.41), 1);
  EXPECT_EQ(sure.image().all().Within(0.35), 0);
  EXPECT_EQ(unsure.image().all().Within(0.23), 1);
  EXPECT_EQ(unsure.image().all().Within(0.20), 0);
  const nlohmann::json json = sure.ToJson();
  EXPECT_NEAR(json["image"]["by_joint"]["Knee"]["error_median"].get<double>(), 0.05, 1e-9);
  EXPECT_EQ(json["persons"], 1);
  EXPECT_FALSE(json.contains("space"));
}

TEST_F(HiddenCoverageTest, InSpaceWhereTheBodyIsKnown) {
  person_.camera = camera_;
  person_.params = fit_.params;
  person_.params->transl() += Vec3(0.05, -0.05, 0.1);  // 1, 1 and 2 deviations: 6
  person_.params_have_translation = true;
  HiddenCoverage coverage(*body_, 0);
  coverage.Add(person_, camera_, fit_);
  EXPECT_EQ(coverage.space().all().count(), 1);
  EXPECT_EQ(coverage.space().all().Within(0.89), 1);  // 0.8884
  EXPECT_EQ(coverage.space().all().Within(0.88), 0);
}

TEST_F(HiddenCoverageTest, TurnsFromTheFitOfEverything) {
  FitResult full = fit_;
  full.params.rotation(knee_) = Vec3(0.3, 0, 0);
  HiddenCoverage coverage(*body_, 0);
  coverage.AddFull(fit_, full);
  const nlohmann::json json = coverage.ToJson();
  const nlohmann::json& turned = json["hips_and_knees_from_full_fit_deg"];
  EXPECT_NEAR(turned["p50"].get<double>(), 0, 1e-9);
  EXPECT_NEAR(turned["p90"].get<double>(), 0.7 * 0.3 * 180 / std::numbers::pi, 1e-6);
  EXPECT_NEAR(json["hips_and_knees_stated_sd_deg"]["p50"].get<double>(),
              0.1 * 180 / std::numbers::pi, 1e-9);
}

}  // namespace
}  // namespace gyre
