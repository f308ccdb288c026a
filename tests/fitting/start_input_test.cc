// SPDX-License-Identifier: Apache-2.0
#include "fitting/start_input.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numbers>

#include "core/so3.h"
#include "fitting/start_networks.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr double kQuarter = std::numbers::pi / 2;

const std::vector<std::string>& FiveKeypoints() {
  static const std::vector<std::string> names = {"OP RKnee", "Left Ankle", "Right Hip",
                                                 "Top of Head (LSP)", "OP Neck"};
  return names;
}

// Of LSP's 14, in a camera of f = 200 px, from its middle in pixels.
PersonKeypoints NobodyOf(const KeypointSet& set) {
  PersonKeypoints seen;
  seen.keypoints_px = Points2::Zero(set.size(), 2);
  seen.confidence = VecX::Zero(set.size());
  seen.camera = {200, Vec2(310, 170)};
  return seen;
}
void Show(const KeypointSet& set, const char* joint, double x, double y, double confidence,
          PersonKeypoints* seen) {
  const int i = set.IndexOf(joint);
  ASSERT_GE(i, 0);
  seen->keypoints_px.row(i) = Eigen::RowVector2d(310 + x, 170 + y);
  seen->confidence[i] = confidence;
}

// Head to the right of the hip: a person who lies, turned by a quarter.
PersonKeypoints LyingPerson() {
  const KeypointSet& set = FindKeypointSet("lsp14");
  PersonKeypoints seen = NobodyOf(set);
  Show(set, "Right Knee", -30, 16, 0.5, &seen);
  Show(set, "Left Ankle", -45, -40, 0.2, &seen);
  Show(set, "Right Hip", 0, 0, 1, &seen);
  Show(set, "Top of Head (LSP)", 96, 0, 0.25, &seen);
  Show(set, "Neck (LSP)", 70, 1000, 0, &seen);
  return seen;
}

TEST(StartInputTest, IsNormalisedAndTurnedUpright) {
  const StartInputMaker maker(FiveKeypoints(), FindKeypointSet("lsp14"));
  ASSERT_EQ(maker.size(), 17);
  const auto input = maker(LyingPerson());
  ASSERT_TRUE(input);
  // Weighted middle: x (-15 - 9 + 0 + 24) / 1.95 = 0, y (8 - 8) / 1.95 = 0. Distances 34, 60.2080,
  // 0, 96 with weights 0.5, 0.2, 1, 0.25: 53.0416 / 1.95.
  const double s = (0.5 * 34 + 0.2 * std::hypot(45, 40) + 0.25 * 96) / 1.95;
  StartNetwork::Vector expected = StartNetwork::Vector::Zero(17);
  // The quarter undone takes (x, y) to (y, -x).
  expected.segment<3>(0) = Vec3(16 / s, 30 / s, 0.5).cast<float>();
  expected.segment<3>(3) = Vec3(-40 / s, 45 / s, 0.2).cast<float>();
  expected.segment<3>(6) = Vec3(0, 0, 1).cast<float>();
  expected.segment<3>(9) = Vec3(0, -96 / s, 0.25).cast<float>();
  expected[16] = 1;  // of a quarter: cosine 0, sine 1; LSP's neck is not OpenPose's
  EXPECT_LT((input->values - expected).cwiseAbs().maxCoeff(), 1e-6);
  EXPECT_LT((input->cam_from_network - ExpSO3(Vec3(0, 0, kQuarter))).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(StartInputTest, NeitherPlaceNorSizeNorFocalLengthMatter) {
  const StartInputMaker maker(FiveKeypoints(), FindKeypointSet("lsp14"));
  PersonKeypoints other = LyingPerson();
  const auto input = maker(other);
  other.camera = {75, Vec2(-20, 33)};
  for (int i = 0; i < other.confidence.size(); ++i) {
    const Vec2 from_center = other.keypoints_px.row(i).transpose() - Vec2(310, 170);
    other.keypoints_px.row(i) = (other.camera.center_px + 0.375 * from_center).transpose();
  }
  const auto again = maker(other);
  ASSERT_TRUE(input && again);
  EXPECT_LT((again->values - input->values).cwiseAbs().maxCoeff(), 1e-5);
}

// The same person beside the optical axis, by a camera that is turned: what the network sees is
// nearly the same (the middle of rays is not the ray of the middle), and where it looks from is
// turned as the camera is.
TEST(StartInputTest, LooksAtThePerson) {
  const StartInputMaker maker(FiveKeypoints(), FindKeypointSet("lsp14"));
  const PersonKeypoints ahead = LyingPerson();
  PersonKeypoints aside = ahead;
  const Mat3 turn = ExpSO3(Vec3(0.2, -0.5, 0));
  for (int i = 0; i < aside.confidence.size(); ++i) {
    if (!(aside.confidence[i] > 0)) continue;
    const Vec2 at = (ahead.keypoints_px.row(i).transpose() - Vec2(310, 170)) / 200;
    aside.keypoints_px.row(i) = aside.camera.Project(turn * Vec3(at.x(), at.y(), 1)).transpose();
  }
  const auto one = maker(ahead), other = maker(aside);
  ASSERT_TRUE(one && other);
  const Eigen::Index places = 15;
  EXPECT_LT((one->values - other->values).head(places).cwiseAbs().maxCoeff(), 0.25);
  const Mat3 expected = turn * one->cam_from_network;
  EXPECT_LT(RotationAngle(other->cam_from_network, expected), 0.1);
  EXPECT_GT(RotationAngle(other->cam_from_network, one->cam_from_network), 0.4);
}

TEST(StartInputTest, OfTwoNamesTheSurerCounts) {
  const KeypointSet& set = SpinJoints();
  const StartInputMaker maker({"Left Wrist", "OP Nose", "OP LKnee", "OP RKnee"}, set);
  PersonKeypoints seen = NobodyOf(set);
  Show(set, "OP LWrist", 40, 0, 0.25, &seen);
  Show(set, "Left Wrist", -60, 0, 0.5, &seen);
  Show(set, "Nose", 30, 0, 0.5, &seen);
  Show(set, "OP Nose", 30, 20, 0.5, &seen);  // the first of equals
  Show(set, "OP LKnee", 0, 10, 0.5, &seen);
  Show(set, "Right Knee", 30, -30, 0.5, &seen);
  const auto input = maker(seen);
  ASSERT_TRUE(input);
  // Middle 0; distances 60, 36.06, 10, 42.43. Knees to head: the spine points by (15, 30).
  const double s = (60 + std::hypot(30, 20) + 10 + std::hypot(30, 30)) / 4;
  EXPECT_NEAR(input->values.head<2>().norm(), 60 / s, 1e-6);
  EXPECT_NEAR(input->values.segment<2>(3).norm(), std::hypot(30, 20) / s, 1e-6);
  EXPECT_EQ(input->values[2], 0.5F);
}

TEST(StartInputTest, AGuessIsNoKeypoint) {
  const KeypointSet& set = FindKeypointSet("lsp14");
  std::vector<std::string> keypoints = FiveKeypoints();
  keypoints.push_back("Left Wrist");
  const StartInputMaker maker(keypoints, set);
  PersonKeypoints seen = LyingPerson();
  const StartNetwork::Vector without = maker(seen)->values;
  Show(set, "Left Wrist", 400, 300, 0.09, &seen);
  EXPECT_EQ(maker(seen)->values, without);
  Show(set, "Left Wrist", 400, 300, 0.11, &seen);
  EXPECT_NE(maker(seen)->values, without);
}

TEST(StartInputTest, TooFewKeypointsOrOnePointSayNothing) {
  const StartInputMaker maker(FiveKeypoints(), FindKeypointSet("lsp14"));
  PersonKeypoints three = LyingPerson();
  three.confidence[FindKeypointSet("lsp14").IndexOf("Left Ankle")] = 0;
  EXPECT_FALSE(maker(three));
  PersonKeypoints point = LyingPerson();
  point.keypoints_px.rowwise() = Eigen::RowVector2d(5, 6);
  EXPECT_FALSE(maker(point));
}

TEST(KeypointStartTest, PutsRotationsOnJointsByName) {
  const auto body = MakeTwelveJointBody();
  const auto prior = std::make_shared<const LayoutPrior>(MakeStickPrior(), *body->layout);
  std::vector<std::string> joints = {"Pelvis", "L_Hand"};  // which the body has not
  std::vector<Mat3> rotations = {ExpSO3(Vec3(0.3, -0.2, 0.1)), ExpSO3(Vec3(9, 0, 0))};
  double angle = 0.11;
  for (size_t k = 1; k < 5; ++k) {
    joints.push_back(body->layout->joints[k]);
    rotations.push_back(ExpSO3(Vec3(angle, 0, -2 * angle)));
    angle += 0.07;
  }
  const auto network =
      std::make_shared<const StartNetwork>(ConstantNetwork(FiveKeypoints(), joints, rotations));
  const KeypointStart start(network, FindKeypointSet("lsp14"), body->layout, prior);
  ASSERT_TRUE(start.knows_body());
  const auto said = start(LyingPerson());
  ASSERT_TRUE(said);
  const Mat3 root = ExpSO3(Vec3(0, 0, kQuarter)) * rotations[0];
  EXPECT_LT(RotationAngle(ExpSO3(said->rotation(0)), root), 1e-6);
  EXPECT_LT((Vec3(said->rotation(3)) - Vec3(0.25, 0, -0.5)).norm(), 1e-6);
  EXPECT_EQ(said->transl(), Vec3::Zero());
  EXPECT_EQ(said->betas().norm(), 0);
  BodyParams mean(*body->layout);
  prior->SetPose(prior->Mean(), &mean);
  for (int k = 5; k < body->layout->num_joints(); ++k) {
    EXPECT_EQ(Vec3(said->rotation(k)), Vec3(mean.rotation(k))) << k;
  }
}

TEST(KeypointStartTest, OfAnotherBodyItSaysNothing) {
  const auto body = MakeTwelveJointBody();
  const auto prior = std::make_shared<const LayoutPrior>(MakeStickPrior(), *body->layout);
  const auto network = std::make_shared<const StartNetwork>(ConstantNetwork(
      FiveKeypoints(), {"Pelvis", "L_Hand", "R_Hand"}, std::vector<Mat3>(3, Mat3::Identity())));
  const KeypointStart start(network, FindKeypointSet("lsp14"), body->layout, prior);
  EXPECT_FALSE(start.knows_body());
  EXPECT_FALSE(start(LyingPerson()));
}

// Whoever the network knows nothing else of begins where it says.
class ColdFitTest : public testing::Test {
 protected:
  void SetUp() override { path_ = fs::path(testing::TempDir()) / "cold_fit_test.npz"; }
  void TearDown() override { fs::remove(path_); }
  Fitter WithNetwork(const std::vector<Mat3>& rotations, FitOptions options = {}) {
    std::vector<std::string> joints(SmplLayout().joints.begin(),
                                    SmplLayout().joints.begin() + std::ssize(rotations));
    std::vector<std::string> keypoints;
    for (const std::string_view joint : FindKeypointSet("body25").joints) {
      keypoints.emplace_back(joint);
    }
    ConstantNetwork(keypoints, joints, rotations).Save(path_);
    options.start_network = path_.string();
    return Fitter(MakeStickBody(), MakeStickPrior(), options);
  }
  static FitProblem Cold(FitProblem problem) {
    problem.has_start = problem.start_has_translation = false;
    return problem;
  }
  // What the network has to say of these true bodies, whose spine is upright in the picture.
  static std::vector<Mat3> RotationsOf(const BodyParams& params, const FitProblem& problem) {
    const KeypointSet& set = SpinJoints();
    std::vector<std::string> keypoints;
    for (const std::string_view joint : FindKeypointSet("body25").joints) {
      keypoints.emplace_back(joint);
    }
    const auto input = StartInputMaker(keypoints, set)(problem);
    std::vector<Mat3> rotations;
    for (int k = 0; k < 22; ++k) rotations.push_back(ExpSO3(params.rotation(k)));
    rotations[0] = input->cam_from_network.transpose() * rotations[0];
    return rotations;
  }
  fs::path path_;
};

TEST_F(ColdFitTest, ANetworkThatKnowsIsEnough) {
  const Fitter like(MakeStickBody(), MakeStickPrior(), {});
  const TrueProblem made = MakeTrueProblem(like, 6);
  const Fitter fitter = WithNetwork(RotationsOf(made.truth, made.problem));
  const FitResult fit = fitter.Fit(Cold(made.problem));
  EXPECT_TRUE(fit.summary.usable);
  EXPECT_EQ(fit.summary.hypotheses_tried, 1);
  EXPECT_LT(fit.summary.score.reprojection_px, 2);
  EXPECT_LT((fitter.Joints(fit.params) - fitter.Joints(made.truth)).rowwise().norm().mean(), 0.15);
  FitOptions mean;
  mean.cold_start = ColdStart::kMean;
  EXPECT_EQ(like.With(mean).Fit(Cold(made.problem)).summary.hypotheses_tried, 6);
  EXPECT_EQ(like.With(mean).start_network(), nullptr);
  // Held to its start, a fit is not to be held to the network's.
  FitOptions held = fitter.options();
  held.start_anchor = 30;
  EXPECT_EQ(fitter.With(held).Fit(Cold(made.problem)).summary.hypotheses_tried, 6);
}

TEST_F(ColdFitTest, WhereKeypointsStayUnexplainedTheOthersAreTried) {
  const Fitter like(MakeStickBody(), MakeStickPrior(), {});
  const TrueProblem made = MakeTrueProblem(like, 6);
  FitProblem problem = Cold(made.problem);
  for (int i = 0; i < 49; i += 3) {  // a third of them anywhere
    problem.keypoints_px.row(i) += Eigen::RowVector2d(i % 2 == 0 ? 140 : -90, 25 * (i % 5) - 70);
  }
  const std::vector<Mat3> rotations = RotationsOf(made.truth, made.problem);
  const FitResult fit = WithNetwork(rotations).Fit(problem);
  EXPECT_EQ(fit.summary.hypotheses_tried, 1 + 6);
  FitOptions alone;
  alone.hypotheses = Hypotheses::kStartOnly;
  const FitResult by_network = WithNetwork(rotations, alone).Fit(problem);
  EXPECT_EQ(by_network.summary.hypotheses_tried, 1);
  EXPECT_EQ(by_network.summary.torso_iterations, 0);
  EXPECT_LE(fit.summary.after.BodyTotal(), by_network.summary.after.BodyTotal());
}

TEST_F(ColdFitTest, AStartThatSaysSomethingIsKept) {
  const Fitter like(MakeStickBody(), MakeStickPrior(), {});
  const TrueProblem made = MakeTrueProblem(like, 6);
  FitProblem problem = made.problem;
  problem.start = Disturbed(made.truth, 0.2, 3);
  const Fitter fitter = WithNetwork(std::vector<Mat3>(22, ExpSO3(Vec3(1, 2, 0.5))));
  FitOptions mean;
  mean.cold_start = ColdStart::kMean;
  const FitResult with = fitter.Fit(problem), without = fitter.With(mean).Fit(problem);
  EXPECT_EQ(with.params.values(), without.params.values());
  // The prior's mean says nothing: the network has the word.
  const LayoutPrior& prior = fitter.layout_prior();
  prior.SetPose(prior.Mean(), &problem.start);
  EXPECT_EQ(fitter.Fit(problem).summary.before.BodyTotal(),
            fitter.Fit(Cold(problem)).summary.before.BodyTotal());
}

}  // namespace
}  // namespace gyre
