// SPDX-License-Identifier: Apache-2.0
// SMPLify-X's objective, every term and the gradient, against its authors' code
// (smplifyx_terms.npz; VPoser of vposer.npz).
#include <gtest/gtest.h>

#include <numeric>

#include "body/vposer.h"
#include "body/whole_body_joints.h"
#include "fitting/smplifyx.h"
#include "io/npz.h"
#include "peers.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

KeypointSet OpenPose118() {
  KeypointSet set = FindKeypointSet("openpose135");
  set.joints.resize(118);
  return set;
}

class GoldenSmplifyx : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path folder = PeersFolder() / "smplx", body = "../shared/data/body_x/cc0_body_x.npz";
    if (!fs::exists(folder / "smplifyx_terms.npz") || !fs::exists(body)) {
      GTEST_SKIP() << folder << " or " << body << " is not there";
    }
    golden_ = ReadNpz(folder / "smplifyx_terms.npz");
    std::map<std::string, NdArray> weights;
    for (const auto& [key, array] : ReadNpz(folder / "vposer.npz")) {
      if (key.starts_with("sd/")) weights[key.substr(3)] = array;
    }
    const auto vposer = std::make_shared<const VPoser>(VPoser::From(weights, "vposer.npz"));
    body_ = LoadBodyModel(body.string());
    rules_ = std::make_unique<KeypointRules>(FitOptions::Smplifyx(), *body_, OpenPose118());
    smplifyx_ = std::make_unique<Smplifyx>(
        body_, *rules_, std::make_shared<FoldedJoints>(*body_, rules_->distinct_joints()), vposer);
  }

  VecX Row(const std::string& key, Eigen::Index i) const {
    const NdArray& array = golden_.at(key);
    const std::vector<double> values = array.As<double>(key);
    const Eigen::Index n = array.size() / array.dim(0);
    return Eigen::Map<const VecX>(values.data() + i * n, n);
  }
  FitProblem Problem(Eigen::Index i) const {
    FitProblem problem;
    const VecX keypoints = Row("keypoints", i), size = Row("image_hw", i);
    const Eigen::Map<const Points3> rows(keypoints.data(), 118, 3);
    problem.keypoints_px = rows.leftCols<2>();
    problem.confidence = rows.col(2);
    problem.camera = {Row("focal", i)[0], Vec2(size[1] / 2, size[0] / 2)};
    return problem;
  }
  // With z zero where it is not given.
  BodyParams Params(Eigen::Index i) const {
    BodyParams params = smplifyx_->MeanBody();
    params.rotation(0) = Row("global_orient", i);
    params.betas() = Row("betas", i);
    params.expression() = Row("expression", i);
    params.rotation(22) = Row("jaw_pose", i);
    params.rotation(23) = Row("leye_pose", i);
    params.rotation(24) = Row("reye_pose", i);
    for (const int right : {0, 1}) {
      const HandPca hand(*body_, right);
      params.values()(hand.params()) =
          hand.mean() + hand.basis() * Row(right ? "right_hand_pose" : "left_hand_pose", i);
    }
    params.transl() = Row("camera_translation", i);
    return params;
  }
  // Coordinates in the order of gradient_layout.
  std::vector<int> GoldenOrder(const ParamChart& chart) const {
    const BodyLayout& layout = *body_->layout;
    std::vector<int> order;
    const auto direct = [&](int first, int count) {
      for (int i = first; i < first + count; ++i) {
        const auto& all = chart.direct();
        order.push_back(static_cast<int>(std::find(all.begin(), all.end(), i) - all.begin()));
      }
    };
    const auto piece = [&](int which, int count) {
      for (int i = 0; i < count; ++i) order.push_back(chart.FirstOf(which) + i);
    };
    direct(0, 3);
    direct(layout.num_pose(), 20);
    piece(1, 12);
    piece(2, 12);
    direct(66, 9);
    piece(0, 32);
    direct(layout.num_params() - 3, 3);
    return order;
  }

  Npz golden_;
  std::shared_ptr<const BodyModel> body_;
  std::unique_ptr<KeypointRules> rules_;
  std::unique_ptr<Smplifyx> smplifyx_;
};

void ExpectRelative(double value, double expected, const std::string& what) {
  EXPECT_NEAR(value, expected, 1e-4 * std::abs(expected)) << what;
}

// The data term's rows, one pair for each keypoint that counts, by part: the order of term_names.
std::array<double, 4> DataByPart(const FitProblem& problem, const SmplifyxStage& stage,
                                 const KeypointRules& rules, const VecX& rows) {
  std::array<double, 4> sums{};
  int row = 0;
  for (int i = 0; i < 118; ++i) {
    const PersonPart part = PartOf(FindJoint(rules.set().joints[i]));
    const bool hand = part == PersonPart::kLeftHand || part == PersonPart::kRightHand;
    if (problem.confidence[i] == 0 || i == 1 || i == 9 || i == 12 || (hand && stage.hands == 0) ||
        (part == PersonPart::kFace && stage.face == 0)) {
      continue;
    }
    sums[static_cast<size_t>(part)] += rows.segment<2>(row).squaredNorm();
    row += 2;
  }
  return sums;
}

TEST_F(GoldenSmplifyx, EveryTermAndTheGradient) {
  const ParamChart chart = smplifyx_->Chart(/*translation=*/true);
  ASSERT_EQ(chart.size(), 91);
  for (int i = 0; i < 6; ++i) {
    const FitProblem problem = Problem(i);
    VecX x = chart.Coordinates(Params(i));
    x.segment(chart.FirstOf(0), 32) = Row("pose_embedding", i);
    const VecX all_terms = Row("terms", i), all_gradients = Row("gradients", i);
    for (int s = 0; s < 5; ++s) {
      const std::string what = "problem " + std::to_string(i) + ", stage " + std::to_string(s);
      Objective objective =
          smplifyx_->StageObjective(problem, kSmplifyxStages[s], Row("image_hw", i)[0]);
      ChartedObjective charted(objective, chart, {smplifyx_->PosePrior(chart, kSmplifyxStages[s])},
                               Params(i));
      VecX r(charted.num_residuals());
      RowMatX jacobian(r.size(), chart.size());
      ASSERT_TRUE(charted.Evaluate(x, r, jacobian.data()));
      const VecX terms = all_terms.segment(12 * s, 12);
      int row = 0;
      const auto next = [&](int count) {
        row += count;
        return r.segment(row - count, count).squaredNorm();
      };
      const auto& list = objective.terms();
      next(list[0]->rows());
      const std::array<double, 4> parts = DataByPart(problem, kSmplifyxStages[s], *rules_, r);
      for (int part = 0; part < 4; ++part) {
        ExpectRelative(parts[part], terms[part], what + ", data " + std::to_string(part));
      }
      ExpectRelative(next(list[1]->rows()), terms[6], what + ", bending");
      ExpectRelative(next(10), terms[5], what + ", shape");
      ExpectRelative(next(10), terms[9], what + ", expression");
      ExpectRelative(next(45), terms[7], what + ", left hand");
      ExpectRelative(next(45), terms[8], what + ", right hand");
      ExpectRelative(next(3), terms[10], what + ", jaw");
      ExpectRelative(next(32), terms[4], what + ", pose");
      ASSERT_EQ(row, r.size());
      ExpectRelative(r.squaredNorm(), terms[11], what + ", total");
      const VecX gradient = (2 * jacobian.transpose() * r)(GoldenOrder(chart));
      const VecX expected = all_gradients.segment(91 * s, 91);
      EXPECT_LT((gradient - expected).norm(), 1e-4 * expected.norm()) << what;
      for (int k = 0; k < 91; ++k) {
        EXPECT_NEAR(gradient[k], expected[k], 1e-4 * std::abs(expected[k]) + 1e-6 * expected.norm())
            << what << ", coordinate " << k;
      }
    }
  }
}

TEST_F(GoldenSmplifyx, GuessAndTorsoStage) {
  constexpr std::array<bool, 4> kAll = {true, true, true, true};
  for (int i = 0; i < 6; ++i) {
    const FitProblem problem = Problem(i);
    const BodyParams params = Params(i);
    BodyParams guess = params;
    guess.transl() = smplifyx_->GuessTranslation(problem, kAll, params);
    const VecX expected = Row("guess_init", i);
    EXPECT_LT((guess.transl() - Vec3(expected)).norm(), 1e-4 * expected.norm()) << i;
    guess.transl() = Vec3(expected);
    Objective torso = smplifyx_->TorsoObjective(problem, kAll, guess, Row("image_hw", i)[0]);
    VecX r(torso.num_residuals());
    RowMatX jacobian;
    ASSERT_TRUE(torso.Evaluate(params, r, &jacobian));
    ExpectRelative(r.squaredNorm(), Row("camera_init_loss", i)[0], "torso stage");
    const VecX by_params = 2 * jacobian.transpose() * r;
    VecX gradient(6);
    gradient << by_params.tail<3>(), by_params.head<3>();
    const VecX expected_gradient = Row("camera_init_grad", i);
    EXPECT_LT((gradient - expected_gradient).norm(), 1e-4 * expected_gradient.norm()) << i;
  }
}

TEST_F(GoldenSmplifyx, Stages) {
  for (int s = 0; s < 5; ++s) {
    const SmplifyxStage& stage = kSmplifyxStages[s];
    EXPECT_EQ(stage.pose, Row("stage_body_pose_weight", s)[0]);
    EXPECT_EQ(stage.pose, Row("stage_hand_prior_weight", s)[0]);
    EXPECT_EQ(stage.shape, Row("stage_shape_weight", s)[0]);
    EXPECT_EQ(stage.shape, Row("stage_expr_prior_weight", s)[0]);
    EXPECT_EQ(stage.jaw, Row("stage_jaw_prior_weight", s)[0]);
    EXPECT_EQ(10 * stage.jaw, Row("stage_jaw_prior_weight", s)[1]);
    EXPECT_EQ(stage.hands, Row("stage_hand_weight", s)[0]);
    EXPECT_EQ(stage.face, Row("stage_face_weight", s)[0]);
  }
}

}  // namespace
}  // namespace gyre
