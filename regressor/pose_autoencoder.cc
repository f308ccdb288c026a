// SPDX-License-Identifier: Apache-2.0
#include "regressor/pose_autoencoder.h"

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <tuple>
#include <utility>
#include <vector>

#include "body/vposer.h"
#include "core/error.h"
#include "core/rng.h"
#include "core/so3.h"
#include "regressor/adam.h"
#include "regressor/rotation.h"
#include "regressor/runtime.h"
#include "regressor/torch_file.h"

namespace gyre {
namespace {

constexpr double kSlope = 0.2;  // of the leaky ReLU

at::Tensor Leaky(const at::Tensor& x) { return at::leaky_relu(x, kSlope); }

// Modules have the names that VPoser's authors gave them.
struct Autoencoder : torch::nn::Module {
  explicit Autoencoder(const AutoencoderOptions& o)
      : enc_bn1(register_module("bodyprior_enc_bn1", torch::nn::BatchNorm1d(VPoser::kPose))),
        enc_bn2(register_module("bodyprior_enc_bn2", torch::nn::BatchNorm1d(o.neurons))),
        enc_fc1(register_module("bodyprior_enc_fc1", torch::nn::Linear(VPoser::kPose, o.neurons))),
        enc_fc2(register_module("bodyprior_enc_fc2", torch::nn::Linear(o.neurons, o.neurons))),
        enc_mu(register_module("bodyprior_enc_mu", torch::nn::Linear(o.neurons, o.latent))),
        enc_sd(register_module("bodyprior_enc_logvar", torch::nn::Linear(o.neurons, o.latent))),
        dec_fc1(register_module("bodyprior_dec_fc1", torch::nn::Linear(o.latent, o.neurons))),
        dec_fc2(register_module("bodyprior_dec_fc2", torch::nn::Linear(o.neurons, o.neurons))),
        dec_out(register_module("bodyprior_dec_out",
                                torch::nn::Linear(o.neurons, 6 * VPoser::kJoints))),
        drop(register_module("dropout", torch::nn::Dropout(o.dropout))) {}

  struct Gaussian {
    at::Tensor mean, sd;  // [N,L]
  };
  Gaussian Encode(const at::Tensor& pose) {
    const at::Tensor first = enc_bn2(Leaky(enc_fc1(enc_bn1(pose))));
    const at::Tensor second = Leaky(enc_fc2(drop(first)));
    return {enc_mu(second), at::softplus(enc_sd(second))};
  }
  // [N,21,3,3]
  at::Tensor Decode(const at::Tensor& z) {
    const at::Tensor six = dec_out(Leaky(dec_fc2(drop(Leaky(dec_fc1(z))))));
    return RotationFromSixD(six.view({-1, VPoser::kJoints, 6}));
  }

  torch::nn::BatchNorm1d enc_bn1, enc_bn2;
  torch::nn::Linear enc_fc1, enc_fc2, enc_mu, enc_sd, dec_fc1, dec_fc2, dec_out;
  torch::nn::Dropout drop;
};

// What a network needs of poses.
struct Learnt {
  at::Tensor pose;       // [N,63]
  at::Tensor rotations;  // [N,21,3,3]
};

Learnt TensorsOf(const RowMatX& x) {
  const Eigen::Index count = x.rows();
  Learnt learnt{torch::empty({count, VPoser::kPose}), torch::empty({count, VPoser::kJoints, 3, 3})};
  auto* pose = learnt.pose.data_ptr<float>();
  auto* rotations = learnt.rotations.data_ptr<float>();
  for (Eigen::Index i = 0; i < count; ++i) {
    for (int k = 0; k < VPoser::kJoints; ++k) {
      const Vec3 turn = x.row(i).segment<3>(3 * k).transpose();
      const Mat3 rotation = ExpSO3(turn);
      for (int r = 0; r < 3; ++r) {
        *pose++ = static_cast<float>(turn[r]);
        for (int c = 0; c < 3; ++c) *rotations++ = static_cast<float>(rotation(r, c));
      }
    }
  }
  return learnt;
}

at::Tensor KlOf(const Autoencoder::Gaussian& of) {
  const at::Tensor variance = of.sd.square();
  return 0.5 * (of.mean.square() + variance - variance.log() - 1).sum(1);
}

// Poses drawn by their weights.
class Draws {
 public:
  Draws(const VecX& weights, uint64_t seed)
      : rng_(seed, RngStream::kPriorTraining, 5),
        sums_(weights.data(), weights.data() + weights.size()) {
    for (size_t i = 1; i < sums_.size(); ++i) sums_[i] += sums_[i - 1];
  }
  at::Tensor Next(int count) {
    at::Tensor rows = torch::empty({count}, torch::kLong);
    for (int i = 0; i < count; ++i) {
      const auto at = std::ranges::upper_bound(sums_, rng_.Uniform() * sums_.back());
      rows[i] = std::min<int64_t>(at - sums_.begin(), std::ssize(sums_) - 1);
    }
    return rows;
  }

 private:
  Rng rng_;
  std::vector<double> sums_;
};

// Mean turn between what goes in and what comes out of the mean, and the mean of KL.
std::pair<double, double> Errors(Autoencoder& network, const PoseSamples& samples) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  if (samples.x.rows() == 0) return {kNone, kNone};
  const torch::NoGradGuard no_grad;
  network.eval();
  const Learnt all = TensorsOf(samples.x);
  const Autoencoder::Gaussian of = network.Encode(all.pose);
  const at::Tensor between = all.rotations.transpose(2, 3).matmul(network.Decode(of.mean));
  const at::Tensor turns = AxisAngleFromRotation(between.to(torch::kDouble)).norm(2, -1).mean(1);
  const at::Tensor weights = torch::from_blob(const_cast<double*>(samples.weights.data()),
                                              {samples.weights.size()}, torch::kDouble) /
                             samples.weights.sum();
  network.train();
  return {(turns * weights).sum().item<double>(),
          (KlOf(of).to(torch::kDouble) * weights).sum().item<double>()};
}

}  // namespace

void AutoencoderOptions::Check() const {
  const auto require = [](bool ok, const char* field, double value, const char* expected) {
    if (!ok) ThrowUserError("{} is {}, expected {}", field, value, expected);
  };
  require(steps >= 1, "steps", steps, "1 or more");
  require(batch_size >= 2 && batch_size <= 1 << 16, "batch_size", batch_size, "2 to 65536");
  require(learning_rate > 0 && learning_rate <= 1, "learning_rate", learning_rate,
          "more than 0 and at most 1");
  require(sigma_rad > 0 && sigma_rad <= 10, "sigma_rad", sigma_rad, "more than 0 and at most 10");
  require(latent >= 1 && latent <= 1024, "latent", latent, "1 to 1024");
  require(neurons >= 1 && neurons <= 1 << 14, "neurons", neurons, "1 to 16384");
  require(dropout >= 0 && dropout < 1, "dropout", dropout, "0 or more and less than 1");
}

AutoencoderTraining TrainPoseAutoencoder(const PoseSplit& poses, const AutoencoderOptions& options,
                                         uint64_t seed, const std::filesystem::path& out) {
  options.Check();
  if (poses.train.x.rows() < options.batch_size) {
    ThrowUserError(
        "the clips give {} poses to learn from, expected at least the {} of a step; give more "
        "clips, or a smaller --vae.batch-size",
        poses.train.x.rows(), options.batch_size);
  }
  SeedTorch(seed);
  Autoencoder network(options);
  FusedAdam adam(network.parameters(), torch::optim::AdamOptions(options.learning_rate));
  const Learnt learnt = TensorsOf(poses.train.x);
  Draws draws(poses.train.weights, seed);
  network.train();
  for (int step = 0; step < options.steps; ++step) {
    constexpr double kLast = 0.01;
    const double falls = (1 + std::cos(std::numbers::pi * step / options.steps)) / 2;
    static_cast<torch::optim::AdamOptions&>(adam.param_groups()[0].options())
        .lr(options.learning_rate * (kLast + (1 - kLast) * falls));
    const at::Tensor rows = draws.Next(options.batch_size);
    const Autoencoder::Gaussian of = network.Encode(learnt.pose.index_select(0, rows));
    const at::Tensor rotations = network.Decode(of.mean + of.sd * torch::randn_like(of.sd));
    const at::Tensor squares =
        (rotations - learnt.rotations.index_select(0, rows)).square().sum({1, 2, 3});
    const double weight = 1 / (4 * options.sigma_rad * options.sigma_rad);
    const at::Tensor loss = (weight * squares + KlOf(of)).mean();
    adam.zero_grad();
    loss.backward();
    adam.step();
  }
  AutoencoderTraining training;
  training.train_error_rad = Errors(network, poses.train).first;
  std::tie(training.held_out_error_rad, training.held_out_kl) = Errors(network, poses.held_out);
  if (!std::isfinite(training.train_error_rad)) {
    ThrowUserError("the auto-encoder diverged; give a smaller --vae.learning-rate");
  }
  StateDict weights;
  for (const auto& named : network.named_parameters()) {
    weights.emplace(named.key(), named.value().detach());
  }
  for (const auto& named : network.named_buffers()) weights.emplace(named.key(), named.value());
  WriteTorchFile(out, weights);
  return training;
}

}  // namespace gyre
