// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/guessed_parts.h"

#include <gtest/gtest.h>

#include "body/builtin_body.h"

namespace gyre {
namespace {

// A person whose box has 400 px, seen at 1000 px / 4 m: 0.08 m are 20 px, 5 % of the box.
class GuessedPartsTest : public testing::Test {
 protected:
  GuessedPartsTest() : row_(*body_->layout, 49) {
    row_.params = BodyParams(*body_->layout);
    row_.params.transl() = Vec3(0, 0, 4);
    row_.camera = {1000, {0, 0}};
    row_.pixel_scale = 224.0 / 400;
    row_.joint_cov_m2.setZero();
    joints_ = Points3::Zero(body_->layout->num_joints(), 3);
    joints_.col(2).setConstant(4);
  }
  void SetDeviation(const char* joint, double sd_m) {
    const int k = body_->layout->IndexOf(joint);
    for (const int i : {0, 4, 8}) row_.joint_cov_m2[9 * k + i] = sd_m * sd_m;
  }
  // The mean opacity of the skin that follows a joint alone.
  double OpacityOf(const char* joint) const {
    const VecX opacity = OpacityOfVertices(*body_, joints_, row_);
    const int k = body_->layout->IndexOf(joint);
    double sum = 0;
    int count = 0;
    for (int v = 0; v < body_->num_vertices(); ++v) {
      if (body_->weights.coeff(v, k) < 0.999) continue;
      sum += opacity[v];
      ++count;
    }
    EXPECT_GT(count, 0) << joint;
    return sum / count;
  }

  std::shared_ptr<const BodyModel> body_ = LoadBodyModel("");
  FitRow row_;
  Points3 joints_;
};

TEST_F(GuessedPartsTest, BonesAreAsSureAsTheirFarEnds) {
  SetDeviation("L_Knee", 0.16);   // 10 % of the box: half way
  SetDeviation("L_Ankle", 0.32);  // 20 %
  SetDeviation("R_Knee", 0.08);
  EXPECT_NEAR(OpacityOf("L_Hip"), 0.65, 1e-3);
  EXPECT_NEAR(OpacityOf("L_Knee"), kGuessedOpacity, 1e-3);
  EXPECT_NEAR(OpacityOf("R_Hip"), 1, 1e-3);
  EXPECT_NEAR(OpacityOf("R_Elbow"), 1, 1e-3);
}

// The pelvis ends in both hips and the spine: of skin that follows it alone the least sure counts.
TEST_F(GuessedPartsTest, WhereBonesPartTheLeastSureEndCounts) {
  BodyModel body = *body_;
  RowMatX weights(body.weights);
  weights.row(0) = Eigen::RowVectorXd::Unit(weights.cols(), 0);
  body.weights = weights.sparseView(0, 0);
  for (const char* child : {"L_Hip", "R_Hip", "Spine1"}) {
    row_.joint_cov_m2.setZero();
    SetDeviation(child, 0.16);
    EXPECT_NEAR(OpacityOfVertices(body, joints_, row_)[0], 0.65, 1e-9) << child;
    EXPECT_NEAR(OpacityOf("L_Knee"), 1, 1e-3) << child;
  }
}

TEST_F(GuessedPartsTest, DepthAloneIsNotInThePicture) {
  const int k = body_->layout->IndexOf("L_Knee");
  row_.joint_cov_m2[9 * k + 8] = 4;
  EXPECT_NEAR(OpacityOf("L_Hip"), 1, 1e-9);
}

TEST_F(GuessedPartsTest, WithoutCovariancesNothingIsSaid) {
  row_.joint_cov_m2[17] = std::nan("");
  EXPECT_EQ(OpacityOfVertices(*body_, joints_, row_).size(), 0);
}

}  // namespace
}  // namespace gyre
