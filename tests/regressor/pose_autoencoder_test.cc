// SPDX-License-Identifier: Apache-2.0
// What is learnt is read as VPoser v1, by code that the authors' own numbers pin.
#include "regressor/pose_autoencoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "body/vposer.h"
#include "core/file.h"
#include "core/rng.h"
#include "core/so3.h"
#include "io/io_test_util.h"

namespace gyre {
namespace {

constexpr int kElbow = 3 * (18 - 1), kKnee = 3 * (5 - 1);

// Poses with one freedom: the left elbow bends about y by an angle of 0 to -2, the right knee half
// as much about x.
std::vector<PoseClip> BentClips(int count) {
  Rng rng(4, RngStream::kTest);
  std::vector<PoseClip> clips;
  for (int i = 0; i < count; ++i) {
    PoseClip& clip = clips.emplace_back(PoseClip{"bent", RowMatX::Zero(11, 72), 1});
    for (auto row : clip.poses.rowwise()) {
      const double angle = rng.Uniform(-2, 0);
      row[3 + kElbow + 1] = angle;
      row[3 + kKnee] = -0.5 * angle;
    }
  }
  return clips;
}

class PoseAutoencoder : public testing::Test {
 protected:
  PoseAutoencoder() {
    split_.mirror = false;
    split_.held_out_share = 0.25;
    small_.steps = 500;
    small_.batch_size = 64;
    small_.neurons = 48;
    small_.latent = 3;
    small_.dropout = 0;
  }

  PriorTrainingOptions split_;
  AutoencoderOptions small_;
  TempFolder folder_;
  const std::filesystem::path out_ = folder_.path() / "vae.pt";
};

TEST_F(PoseAutoencoder, LearnsPosesInVPosersLayout) {
  const PoseSplit poses = SplitPoses(BentClips(40), split_);
  ASSERT_EQ(poses.train.x.rows(), 330);
  ASSERT_EQ(poses.held_out.x.rows(), 110);
  const AutoencoderTraining training = TrainPoseAutoencoder(poses, small_, 7, out_);
  const VPoser vposer = VPoser::Read(out_);
  EXPECT_EQ(vposer.latent_size(), 3);
  double turn = 0, kl = 0, elbow = 0;
  for (const auto row : poses.held_out.x.rowwise()) {
    const VecX pose = row.head(VPoser::kPose).transpose();
    const VPoser::Gaussian said = vposer.Encode(pose);
    const VecX back = vposer.Decode(said.mean);
    for (int k = 0; k < VPoser::kJoints; ++k) {
      turn += LogSO3(ExpSO3(pose.segment<3>(3 * k)).transpose() * ExpSO3(back.segment<3>(3 * k)))
                  .norm() /
              VPoser::kJoints / 110;
    }
    elbow += std::abs(back[kElbow + 1] - pose[kElbow + 1]) / 110;
    for (int l = 0; l < 3; ++l) {
      const double m = said.mean[l], s = said.sd[l];
      kl += (0.5 * (m * m + s * s - 1) - std::log(s)) / 110;
    }
  }
  EXPECT_NEAR(training.held_out_error_rad, turn, 1e-4);
  EXPECT_NEAR(training.held_out_kl, kl, 1e-3 * kl);
  EXPECT_LT(turn, 0.05);
  EXPECT_LT(elbow, 0.12);
  EXPECT_LT(training.train_error_rad, 0.05);
  // To say an angle that is spread over 2 to about 0.1 takes log(2 / (0.1 sqrt(2 pi e))) nats or
  // more.
  EXPECT_GT(kl, 1.5);
  EXPECT_LT(kl, 6);
  // Unit normal z are poses of the kind: the elbow turns about y, and the knee goes along.
  Rng rng(3, RngStream::kTest);
  double aside = 0, apart = 0, bent = 0;
  constexpr int kDrawn = 200;
  for (int i = 0; i < kDrawn; ++i) {
    const VecX drawn = vposer.Decode(Vec3(rng.Normal(), rng.Normal(), rng.Normal()));
    aside += std::hypot(drawn[kElbow], drawn[kElbow + 2]) / kDrawn;
    apart += std::abs(drawn[kKnee] + 0.5 * drawn[kElbow + 1]) / kDrawn;
    bent += drawn[kElbow + 1] / kDrawn;
  }
  EXPECT_LT(aside, 0.4);
  EXPECT_LT(apart, 0.25);
  EXPECT_NEAR(bent, -1, 0.25);
}

TEST_F(PoseAutoencoder, TheSameSeedGivesTheSameBytes) {
  small_.steps = 3;
  small_.dropout = 0.1;
  const PoseSplit poses = SplitPoses(BentClips(12), split_);
  const auto bytes = [&](uint64_t seed) {
    TrainPoseAutoencoder(poses, small_, seed, out_);
    return ReadFile(out_);
  };
  const std::string first = bytes(5);
  EXPECT_EQ(bytes(5), first);
  EXPECT_NE(bytes(6), first);
}

TEST_F(PoseAutoencoder, SaysWhatIsMissing) {
  const PoseSplit poses = SplitPoses(BentClips(6), split_);
  EXPECT_THAT(
      UserErrorOf([&] { TrainPoseAutoencoder(poses, small_, 1, out_); }),
      testing::StartsWith("the clips give 55 poses to learn from, expected at least the 64"));
  EXPECT_FALSE(std::filesystem::exists(out_));
  small_.sigma_rad = 0;
  EXPECT_EQ(UserErrorOf([&] { small_.Check(); }),
            "sigma_rad is 0, expected more than 0 and at most 10");
  split_.held_out_share = 0;
  small_ = AutoencoderOptions{.steps = 1, .batch_size = 32, .latent = 2, .neurons = 5};
  const AutoencoderTraining training =
      TrainPoseAutoencoder(SplitPoses(BentClips(6), split_), small_, 1, out_);
  EXPECT_TRUE(std::isnan(training.held_out_error_rad) && std::isnan(training.held_out_kl));
}

}  // namespace
}  // namespace gyre
