// SPDX-License-Identifier: Apache-2.0
#include "body/pose_prior.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <Eigen/LU>
#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "body/joints.h"
#include "body/layout_prior.h"
#include "body/pose_prior_training.h"
#include "body/symmetry.h"
#include "core/error.h"
#include "core/file.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

PriorMatrix RandomCovariance(Rng* rng, double scale) {
  PriorMatrix a;
  for (double& value : a.reshaped()) value = rng->Normal();
  return scale * (a * a.transpose() / kNumPriorPose + 0.2 * PriorMatrix::Identity());
}

struct Numbers {
  VecX weights = Eigen::Vector3d(0.5, 0.3, 0.2);
  RowMatX means = RowMatX(3, kNumPriorPose);
  std::vector<PriorMatrix> covariances;

  Numbers() {
    Rng rng(7, RngStream::kTest);
    for (double& value : means.reshaped()) value = rng.Normal(0, 0.5);
    for (const double scale : {0.05, 0.1, 0.02}) {
      covariances.push_back(RandomCovariance(&rng, scale));
    }
  }
  PosePrior Prior() const { return PosePrior(weights, means, covariances, "test"); }
};

// SMPLify's formula as it is written in the paper, with an explicit inverse and determinants.
double DirectEnergy(const Numbers& n, const PriorPose& x) {
  std::vector<double> root_det;
  for (const PriorMatrix& c : n.covariances) root_det.push_back(std::sqrt(c.determinant()));
  const double smallest = *std::min_element(root_det.begin(), root_det.end());
  double lowest = INFINITY;
  for (size_t k = 0; k < root_det.size(); ++k) {
    const PriorPose d = x - n.means.row(static_cast<Eigen::Index>(k)).transpose();
    const double log_weight =
        std::log(n.weights[static_cast<Eigen::Index>(k)] * smallest / root_det[k]) -
        kNumPriorPose / 2.0 * std::log(2 * std::numbers::pi);
    lowest = std::min(lowest, 0.5 * d.dot(n.covariances[k].inverse() * d) - log_weight);
  }
  return lowest;
}

class PosePriorFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static std::string ErrorOf(const fs::path& path) {
    try {
      LoadPosePrior(path);
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path folder_;
};

TEST(PosePrior, EnergyIsTheFormula) {
  const Numbers numbers;
  const PosePrior prior = numbers.Prior();
  Rng rng(3, RngStream::kTest);
  for (int i = 0; i < 30; ++i) {
    const PriorPose x = prior.Sample(rng, 0.5 + 0.1 * i);
    const double expected = DirectEnergy(numbers, x);
    EXPECT_NEAR(prior.Energy(x), expected, 1e-8 * std::abs(expected));
  }
}

TEST(PosePrior, ComponentsHoldConsistentFactors) {
  const PosePrior prior = Numbers().Prior();
  for (const PosePrior::Component& c : prior.components()) {
    EXPECT_TRUE((c.precision * c.covariance).isIdentity(1e-8));
    EXPECT_TRUE((c.sqrt_precision.transpose() * c.sqrt_precision).isApprox(c.precision, 1e-9));
    EXPECT_TRUE(
        (c.cholesky_covariance * c.cholesky_covariance.transpose()).isApprox(c.covariance, 1e-9));
  }
}

TEST(PosePrior, BestComponentAtAMeanIsThatComponent) {
  const PosePrior prior = Numbers().Prior();
  for (int k = 0; k < 3; ++k) {
    EXPECT_EQ(prior.BestComponent(prior.components()[static_cast<size_t>(k)].mean), k);
  }
}

TEST(PosePrior, SamplesHaveTheMixturesMoments) {
  const Numbers numbers;
  const PosePrior prior = numbers.Prior();
  const int count = 20000;
  PriorPose sum = PriorPose::Zero(), squares = PriorPose::Zero();
  for (int i = 0; i < count; ++i) {
    Rng rng(11, RngStream::kTest, 0, static_cast<uint64_t>(i));
    const PriorPose x = prior.Sample(rng);
    sum += x;
    squares += x.cwiseAbs2();
  }
  const PriorPose mean = sum / count;
  PriorPose expected_squares = PriorPose::Zero();
  for (const PosePrior::Component& c : prior.components()) {
    expected_squares += c.weight * (c.covariance.diagonal() + c.mean.cwiseAbs2());
  }
  EXPECT_LT((mean - prior.Mean()).cwiseAbs().maxCoeff(), 0.03);
  EXPECT_LT((squares / count - expected_squares).cwiseAbs().maxCoeff(), 0.05);
}

// Of unequal weights 0.5, 0.3 and 0.2, each component is drawn as often as it weighs.
TEST(PosePrior, DrawsComponentsByTheirWeights) {
  const PosePrior prior = Numbers().Prior();
  std::array<int, 3> drawn{};
  Rng rng(13, RngStream::kTest);
  for (int i = 0; i < 2000; ++i)
    ++drawn[static_cast<size_t>(prior.BestComponent(prior.Sample(rng, 0)))];
  EXPECT_NEAR(drawn[0], 1000, 5 * std::sqrt(2000 * 0.5 * 0.5));
  EXPECT_NEAR(drawn[1], 600, 5 * std::sqrt(2000 * 0.3 * 0.7));
  EXPECT_NEAR(drawn[2], 400, 5 * std::sqrt(2000 * 0.2 * 0.8));
}

TEST(PosePrior, SpreadZeroDrawsMeans) {
  const PosePrior prior = Numbers().Prior();
  Rng rng(1, RngStream::kTest);
  const PriorPose x = prior.Sample(rng, 0);
  const int k = prior.BestComponent(x);
  EXPECT_EQ(x, prior.components()[static_cast<size_t>(k)].mean);
}

// A body that shares four joints with SMPL, in another order, and has one of its own: the marginals
// of the three that the prior knows, with SMPLify's weights of those.
TEST(LayoutPrior, OfAnotherOrderOfJointsIsTheirMarginal) {
  const Numbers numbers;
  const std::vector<std::string> names = {"Pelvis", "Neck", "L_Knee", "Tail", "Spine1"};
  const BodyLayout layout = MakeLayout({-1, 0, 0, 0, 0}, names, 1, 0);
  const LayoutPrior prior(std::make_shared<const PosePrior>(numbers.Prior()), layout);
  EXPECT_EQ(prior.joints(), (std::vector<int>{4, 2, 1}));  // spine 1, left knee, neck
  EXPECT_FALSE(prior.contiguous());
  std::vector<int> kept;
  for (const int joint : {3, 4, 12}) {  // in SMPL's numbers
    for (int axis = 0; axis < 3; ++axis) kept.push_back(3 * (joint - 1) + axis);
  }
  BodyParams params(layout);
  params.pose() << 0, 0, 0, 0.7, 0.8, 0.9, 0.4, 0.5, 0.6, 5, 5, 5, 0.1, 0.2, 0.3;
  const VecX pose = VecX{{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}};
  EXPECT_EQ(VecX(prior.PoseOf(params)), pose);
  std::vector<double> root_det;
  for (const PriorMatrix& c : numbers.covariances) {
    root_det.push_back(std::sqrt(Eigen::MatrixXd(c(kept, kept)).determinant()));
  }
  const double smallest = *std::min_element(root_det.begin(), root_det.end());
  double lowest = INFINITY;
  for (Eigen::Index k = 0; k < 3; ++k) {
    const auto i = static_cast<size_t>(k);
    const VecX d = pose - VecX(numbers.means.row(k)(kept).transpose());
    const Eigen::MatrixXd precision = Eigen::MatrixXd(numbers.covariances[i](kept, kept)).inverse();
    const double log_weight = std::log(numbers.weights[k] * smallest / root_det[i]) -
                              9 / 2.0 * std::log(2 * std::numbers::pi);
    lowest = std::min(lowest, 0.5 * d.dot(precision * d) - log_weight);
  }
  EXPECT_NEAR(prior.Energy(params), lowest, 1e-9 * lowest);
  BodyParams again(layout);
  again.rotation(3).setConstant(5);
  prior.SetPose(prior.PoseOf(params), &again);
  EXPECT_EQ(again.values(), params.values());
}

TEST_F(PosePriorFile, SavedPriorsComeBack) {
  const PosePrior prior = Numbers().Prior();
  SavePosePrior(prior, folder_ / "prior.npz");
  const auto loaded = LoadPosePrior(folder_ / "prior.npz");
  ASSERT_EQ(loaded->components().size(), 3u);
  Rng rng(5, RngStream::kTest);
  const PriorPose x = prior.Sample(rng);
  EXPECT_NEAR(loaded->Energy(x), prior.Energy(x), 1e-3 * std::abs(prior.Energy(x)));
}

TEST_F(PosePriorFile, WrongFilesAreNamed) {
  const auto write = [&](const char* name, const Npz& npz) {
    WriteNpz(folder_ / name, npz);
    return ErrorOf(folder_ / name);
  };
  const NdArray weights = NdArray::FromMatrix(RowMatX::Constant(1, 1, 1.0));
  NdArray one = weights;
  one.shape = {1};
  const NdArray means = NdArray::FromMatrix(RowMatX::Zero(1, kNumPriorPose));
  NdArray covars = NdArray::FromMatrix(PriorMatrix::Identity());
  covars.shape = {1, kNumPriorPose, kNumPriorPose};
  EXPECT_EQ(write("good.npz", {{"weights", one}, {"means", means}, {"covars", covars}}),
            "no error");
  EXPECT_THAT(write("key.npz", {{"weights", one}, {"means", means}}), HasSubstr("'covars'"));
  EXPECT_THAT(write("shape.npz", {{"weights", one}, {"means", covars}, {"covars", covars}}),
              HasSubstr("'means'"));
  PriorMatrix bad = PriorMatrix::Identity();
  bad(4, 4) = -1;
  NdArray indefinite = NdArray::FromMatrix(bad);
  indefinite.shape = covars.shape;
  EXPECT_THAT(write("pd.npz", {{"weights", one}, {"means", means}, {"covars", indefinite}}),
              HasSubstr("not positive definite"));
  bad = PriorMatrix::Identity();
  bad(3, 5) = 0.1;
  NdArray skew = NdArray::FromMatrix(bad);
  skew.shape = covars.shape;
  EXPECT_THAT(write("skew.npz", {{"weights", one}, {"means", means}, {"covars", skew}}),
              HasSubstr("not symmetric"));
  NdArray half = NdArray::FromMatrix(RowMatX::Constant(1, 1, 0.5));
  half.shape = {1};
  EXPECT_THAT(write("sum.npz", {{"weights", half}, {"means", means}, {"covars", covars}}),
              HasSubstr("sum to 1"));
  EXPECT_THAT(
      write("text.npz",
            {{"weights", NdArray::FromStrings({"a"})}, {"means", means}, {"covars", covars}}),
      HasSubstr("weights"));
}

TEST_F(PosePriorFile, DamagedFilesGiveOneSentence) {
  SavePosePrior(Numbers().Prior(), folder_ / "prior.npz");
  const std::string content = ReadFile(folder_ / "prior.npz");
  for (const char* name : {"cut.npz", "cut.pkl"}) {
    for (const size_t length : {size_t{0}, size_t{10}, content.size() / 2, content.size() - 1}) {
      WriteFileAtomically(folder_ / name, content.substr(0, length));
      EXPECT_THROW(LoadPosePrior(folder_ / name), UserError) << name << " " << length;
    }
  }
  EXPECT_THROW(LoadPosePrior(folder_ / "missing.npz"), UserError);
  EXPECT_THAT(ErrorOf(folder_ / "prior.txt"), HasSubstr("gmm_08.pkl"));
}

TEST(PosePrior, ReadsTheReleasedLayoutInBothProtocols) {
  const fs::path folder = "../shared/data/body";
  if (!fs::exists(folder / "gmm_08.pkl")) GTEST_SKIP() << "no ../shared/data/body";
  const auto a = LoadPosePrior(folder / "gmm_08.pkl");
  const auto b = LoadPosePrior(folder / "gmm_08_protocol0.pkl");
  ASSERT_EQ(a->components().size(), 8u);
  Rng rng(2, RngStream::kTest);
  const PriorPose x = a->Sample(rng);
  EXPECT_NEAR(a->Energy(x), b->Energy(x), 1e-9 * std::abs(a->Energy(x)));
}

TEST(DefaultPosePrior, IsAPriorOfHumanPoses) {
  const auto prior = LoadPosePrior();
  ASSERT_EQ(prior->components().size(), 12u);
  const PriorPose mean = prior->Mean();
  // Values of the 69: knees bend forward, elbows inward, arms hang.
  EXPECT_GT(mean[9], 0.1);
  EXPECT_GT(mean[12], 0.1);
  EXPECT_LT(mean[52], -0.1);
  EXPECT_GT(mean[55], 0.1);
  EXPECT_LT(mean[47], -0.5);
  EXPECT_GT(mean[50], 0.5);
  // A relaxed stance is likelier than the same with knees bent backwards.
  PriorPose backwards = mean;
  backwards[9] = backwards[12] = -1;
  EXPECT_LT(prior->Energy(mean) + 5, prior->Energy(backwards));
}

TEST(DefaultPosePrior, KnowsSittingAndReaching) {
  const auto prior = LoadPosePrior();
  const auto energy_of = [&](std::initializer_list<std::pair<const char*, Vec3>> rotations) {
    Eigen::Matrix<double, kNumPoseParams, 1> pose =
        Eigen::Matrix<double, kNumPoseParams, 1>::Zero();
    for (const auto& [joint, rotation] : rotations) {
      pose.segment<3>(3 * FindJoint(joint).source_idx) = rotation;
    }
    return prior->Energy(pose.tail<kNumPriorPose>());
  };
  const double square = std::numbers::pi / 2;
  const double t_pose = energy_of({});
  const double standing =
      energy_of({{"SMPL L_Shoulder", {0, 0, -1.3}}, {"SMPL R_Shoulder", {0, 0, 1.3}}});
  const double seated = energy_of({{"SMPL L_Shoulder", {0, 0, -1.3}},
                                   {"SMPL R_Shoulder", {0, 0, 1.3}},
                                   {"SMPL L_Hip", {-square, 0, 0}},
                                   {"SMPL R_Hip", {-square, 0, 0}},
                                   {"SMPL L_Knee", {square, 0, 0}},
                                   {"SMPL R_Knee", {square, 0, 0}}});
  const double hands_up =
      energy_of({{"SMPL L_Shoulder", {0, 0, 1.2}}, {"SMPL R_Shoulder", {0, 0, -1.2}}});
  const double broken = energy_of({{"SMPL L_Shoulder", {0, 0, -1.3}},
                                   {"SMPL R_Shoulder", {0, 0, 1.3}},
                                   {"SMPL L_Knee", {-square, 0, 0}},
                                   {"SMPL R_Knee", {-square, 0, 0}}});
  for (const double possible : {t_pose, standing, seated, hands_up}) {
    EXPECT_LT(possible, standing + 10);
    EXPECT_LT(possible + 20, broken);
  }
}

TEST(DefaultPosePrior, IsNearlySymmetric) {
  const auto prior = LoadPosePrior();
  Eigen::Matrix<double, kNumPoseParams, 1> pose = Eigen::Matrix<double, kNumPoseParams, 1>::Zero();
  pose.tail<kNumPriorPose>() = prior->Mean();
  EXPECT_LT((MirrorPose(SmplLayout(), pose) - pose).cwiseAbs().maxCoeff(), 0.02);
}

// Rows drawn from two Gaussians in three dimensions, with 3 : 1 weights.
RowMatX TwoGaussians(int count) {
  RowMatX x(count, 3);
  Rng rng(9, RngStream::kTest);
  for (int n = 0; n < count; ++n) {
    const bool first = n % 4 != 0;
    const double a = rng.Normal(), b = rng.Normal(), c = rng.Normal();
    x.row(n) = first ? Eigen::RowVector3d(a, 0.8 * a + 0.6 * b, c)
                     : Eigen::RowVector3d(5 + 0.5 * a, -4 + b, 2 * c);
  }
  return x;
}

PriorTrainingOptions TwoComponents() {
  PriorTrainingOptions options;
  options.components = 2;
  options.prior_samples = 0;
  options.floor_rad = 1e-3;
  return options;
}

TEST(PosePriorTraining, RecoversAKnownMixture) {
  const RowMatX x = TwoGaussians(20000);
  const MixtureFit fit = FitMixture(x, VecX::Ones(x.rows()), TwoComponents());
  const int big = fit.weights[0] > fit.weights[1] ? 0 : 1;
  EXPECT_NEAR(fit.weights[big], 0.75, 0.01);
  EXPECT_LT((fit.means.row(big) - Eigen::RowVector3d(0, 0, 0)).norm(), 0.05);
  EXPECT_LT((fit.means.row(1 - big) - Eigen::RowVector3d(5, -4, 0)).norm(), 0.1);
  Mat3 expected;
  expected << 1, 0.8, 0, 0.8, 1, 0, 0, 0, 1;
  EXPECT_LT((fit.covariances[static_cast<size_t>(big)] - expected).cwiseAbs().maxCoeff(), 0.05);
  expected = Eigen::Vector3d(0.25, 1, 4).asDiagonal();
  EXPECT_LT((fit.covariances[static_cast<size_t>(1 - big)] - expected).cwiseAbs().maxCoeff(), 0.25);
}

// Three weighted points whose mean is (0.5, 1) and scatter (0.75, 0.5; 0.5, 1). Six samples of
// prior against three of data leave a third of what is off the diagonal.
TEST(PosePriorTraining, ShrinksToADiagonalAndAddsTheFloor) {
  RowMatX x(3, 2);
  x << 0, 0, 2, 2, 0, 2;
  PriorTrainingOptions options;
  options.components = 1;
  options.prior_samples = 6;
  options.floor_rad = 0.1;
  const MixtureFit fit = FitMixture(x, VecX{{0.5, 0.25, 0.25}}, options);
  EXPECT_LT((fit.means.row(0) - Eigen::RowVector2d(0.5, 1)).norm(), 1e-12);
  Eigen::Matrix2d expected;
  expected << 0.76, 0.5 / 3, 0.5 / 3, 1.01;
  EXPECT_LT((fit.covariances[0] - expected).norm(), 1e-12);
  EXPECT_EQ(fit.weights[0], 1);
}

// Two Gaussians on a line, their densities written out.
TEST(PosePriorTraining, LikelihoodIsTheMixturesDensity) {
  MixtureFit mixture;
  mixture.weights = VecX{{0.25, 0.75}};
  mixture.means = RowMatX{{1.0}, {-2.0}};
  mixture.covariances = {Eigen::MatrixXd::Constant(1, 1, 4), Eigen::MatrixXd::Constant(1, 1, 0.25)};
  const auto density = [](double x) {
    const double norm = 1 / std::sqrt(2 * std::numbers::pi);
    return 0.25 * norm / 2 * std::exp(-(x - 1) * (x - 1) / 8) +
           0.75 * norm / 0.5 * std::exp(-(x + 2) * (x + 2) / 0.5);
  };
  const double expected = (0.2 * std::log(density(0.3)) + 0.6 * std::log(density(-1.5))) / 0.8;
  EXPECT_NEAR(MeanLogLikelihood(mixture, RowMatX{{0.3}, {-1.5}}, VecX{{0.2, 0.6}}), expected,
              1e-12);
}

// Of ten frames at 10 Hz two a second are taken: the middles of both halves, frames 2 and 7.
TEST(PosePriorTraining, TakesTheMiddleOfEachPartOfAClip) {
  PoseClip clip{"clip", RowMatX::Zero(10, 72), 10};
  for (int frame = 0; frame < 10; ++frame) clip.poses(frame, 9) = frame;
  PriorTrainingOptions options;
  options.components = 1;
  options.frames_per_second = 2;
  options.held_out_share = 0.3;
  const PriorTraining training = TrainPosePrior(std::vector<PoseClip>(10, clip), options);
  EXPECT_EQ(training.num_samples, 10 * 2 * 2);  // and their mirror images
  EXPECT_EQ(training.num_held_out_clips, 3);
  EXPECT_NEAR(training.mixture.means(0, 6), 4.5, 1e-12);
  EXPECT_NEAR(training.mixture.covariances[0](6, 6), 2.5 * 2.5 + 0.01, 1e-9);
  // All clips are alike, so those held out are as likely as the others.
  EXPECT_NEAR(training.held_out_log_likelihood, training.train_log_likelihood, 1e-9);
}

TEST(PosePriorTraining, WeightsCountAsRepetitions) {
  const RowMatX x = TwoGaussians(400);
  RowMatX repeated(500, 3);
  repeated << x, x.topRows(100);
  VecX weights = VecX::Ones(400);
  weights.head(100).setConstant(2);
  PriorTrainingOptions options = TwoComponents();
  options.components = 1;
  const MixtureFit a = FitMixture(x, weights, options);
  const MixtureFit b = FitMixture(repeated, VecX::Ones(500), options);
  EXPECT_TRUE(a.means.isApprox(b.means, 1e-9));
  EXPECT_TRUE(a.covariances[0].isApprox(b.covariances[0], 1e-9));
  EXPECT_NEAR(a.log_likelihood, b.log_likelihood, 1e-9);
}

TEST(PosePriorTraining, SameSeedSameNumbers) {
  const RowMatX x = TwoGaussians(500);
  const VecX weights = VecX::Ones(500);
  const MixtureFit a = FitMixture(x, weights, TwoComponents());
  const MixtureFit b = FitMixture(x, weights, TwoComponents());
  EXPECT_EQ(a.means, b.means);
  EXPECT_EQ(a.log_likelihood, b.log_likelihood);
}

TEST(PosePriorTraining, ValuesThatNeverMoveKeepTheFloor) {
  PoseClip clip{"clip", RowMatX::Zero(300, kNumPoseParams), 5};
  Rng rng(4, RngStream::kTest);
  for (Eigen::Index row = 0; row < 300; ++row) clip.poses(row, 12) = rng.Normal(0.5, 0.2);
  PriorTrainingOptions options;
  options.components = 1;
  options.max_frames_per_clip = 300;
  options.held_out_share = 0;
  const PriorTraining training = TrainPosePrior({clip}, options);
  EXPECT_EQ(training.num_samples, 600);
  const Eigen::MatrixXd& covariance = training.mixture.covariances[0];
  EXPECT_NEAR(covariance(68, 68), options.floor_rad * options.floor_rad, 1e-12);
  EXPECT_GT(covariance(9, 9), 4 * covariance(68, 68));
}

TEST(PosePriorTraining, ClipsWeighTheSameAndAreMirrored) {
  // One long clip at +1 and a short one at -1 of the left shoulder's z.
  PoseClip a{"long", RowMatX::Zero(400, kNumPoseParams), 5}, b{"short", a.poses.topRows(40), 5};
  a.poses.col(50).setConstant(1);
  b.poses.col(50).setConstant(-1);
  PriorTrainingOptions options;
  options.components = 1;
  options.max_frames_per_clip = 400;
  const PriorTraining training = TrainPosePrior({a, b}, options);
  EXPECT_NEAR(training.mixture.means(0, 47), 0, 1e-12);
  EXPECT_NEAR(training.mixture.covariances[0](47, 47), 0.5 + 0.01, 0.01);
  // The mirrored pose moves the right shoulder the other way.
  EXPECT_NEAR(training.mixture.covariances[0](50, 50), 0.5 + 0.01, 0.01);
}

TEST(PosePriorTraining, TooFewPosesAreRefused) {
  const PoseClip clip{"one", RowMatX::Zero(3, kNumPoseParams), 30};
  EXPECT_THROW(TrainPosePrior({clip}, {}), UserError);
  EXPECT_THROW(TrainPosePrior({}, {}), UserError);
}

}  // namespace
}  // namespace gyre
