// SPDX-License-Identifier: Apache-2.0
#include "body/pose_prior_training.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "core/error.h"
#include "core/rng.h"

namespace gyre {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;

// log N(x; m, C) of every row.
VecX LogDensities(const RowMatX& x, const Eigen::Ref<const VecX>& mean,
                  const MatrixXd& covariance) {
  const Eigen::LLT<MatrixXd> llt(covariance);
  GYRE_CHECK(llt.info() == Eigen::Success, "a covariance is not positive definite");
  MatrixXd whitened = (x.rowwise() - mean.transpose()).transpose();
  llt.matrixL().solveInPlace(whitened);
  const double log_det = 2 * MatrixXd(llt.matrixL()).diagonal().array().log().sum();
  const double constant =
      -0.5 * (static_cast<double>(x.cols()) * std::log(2 * std::numbers::pi) + log_det);
  return (-0.5 * whitened.colwise().squaredNorm().array() + constant).transpose();
}

// log w_k N(x_n; m_k, C_k), [N,K].
MatrixXd LogJoint(const MixtureFit& mixture, const RowMatX& x) {
  MatrixXd joint(x.rows(), mixture.weights.size());
  for (Index k = 0; k < mixture.weights.size(); ++k) {
    joint.col(k) = LogDensities(x, mixture.means.row(k).transpose(),
                                mixture.covariances[static_cast<size_t>(k)])
                       .array() +
                   std::log(mixture.weights[k]);
  }
  return joint;
}

// Turns log w_k N into responsibilities and returns log sum_k w_k N.
VecX Normalise(MatrixXd* joint) {
  const VecX highest = joint->rowwise().maxCoeff();
  *joint = (joint->colwise() - highest).array().exp();
  const VecX sums = joint->rowwise().sum();
  joint->array().colwise() /= sums.array();
  return highest.array() + sums.array().log();
}

Index DrawIndex(const VecX& mass, Rng* rng) {
  double rest = rng->Uniform() * mass.sum();
  Index last = 0;
  for (Index n = 0; n < mass.size(); ++n) {
    if (mass[n] <= 0) continue;
    last = n;
    if ((rest -= mass[n]) < 0) break;
  }
  return last;
}

// k-means++ (Arthur & Vassilvitskii 2007): each centre is drawn with a probability that grows with
// the squared distance to the nearest centre so far. Responsibilities say who is nearest.
MatrixXd InitialResponsibilities(const RowMatX& x, const VecX& sample_weights, int components,
                                 Rng* rng) {
  VecX distance = VecX::Constant(x.rows(), std::numeric_limits<double>::infinity());
  std::vector<int> nearest(static_cast<size_t>(x.rows()), 0);
  for (int k = 0; k < components; ++k) {
    const VecX mass = k == 0 ? sample_weights : VecX(sample_weights.cwiseProduct(distance));
    const Index centre = DrawIndex(mass, rng);
    for (Index n = 0; n < x.rows(); ++n) {
      const double d = (x.row(n) - x.row(centre)).squaredNorm();
      if (d >= distance[n]) continue;
      distance[n] = d;
      nearest[static_cast<size_t>(n)] = k;
    }
  }
  MatrixXd responsibilities = MatrixXd::Zero(x.rows(), components);
  for (Index n = 0; n < x.rows(); ++n) responsibilities(n, nearest[static_cast<size_t>(n)]) = 1;
  return responsibilities;
}

// The weighted mean and scatter of rows.
void Moments(const RowMatX& x, const VecX& v, VecX* mean, MatrixXd* scatter) {
  const double sum = v.sum();
  *mean = x.transpose() * v / sum;
  const MatrixXd scaled = (v / sum).cwiseSqrt().asDiagonal() * (x.rowwise() - mean->transpose());
  scatter->setZero(x.cols(), x.cols());
  scatter->selfadjointView<Eigen::Lower>().rankUpdate(scaled.transpose());
  *scatter = scatter->selfadjointView<Eigen::Lower>();
}

void Maximise(const RowMatX& x, const VecX& sample_weights, const MatrixXd& responsibilities,
              const VecX& shrunk_to, const PriorTrainingOptions& options, MixtureFit* mixture) {
  const double total = sample_weights.sum();
  // Weights count relative to each other: their mean is one sample.
  const double samples_per_weight = static_cast<double>(x.rows()) / total;
  for (Index k = 0; k < responsibilities.cols(); ++k) {
    const VecX v = sample_weights.cwiseProduct(responsibilities.col(k));
    // A component that lost all its samples keeps its place with next to no weight.
    const double sum = std::max(v.sum(), 1e-9 * total);
    mixture->weights[k] = sum / total;
    if (v.sum() < sum) continue;
    VecX mean;
    MatrixXd scatter;
    Moments(x, v, &mean, &scatter);
    const double shrink =
        options.prior_samples / (options.prior_samples + sum * samples_per_weight);
    MatrixXd& covariance = mixture->covariances[static_cast<size_t>(k)];
    covariance = (1 - shrink) * scatter;
    covariance.diagonal().array() +=
        shrink * shrunk_to.array() + options.floor_rad * options.floor_rad;
    mixture->means.row(k) = mean.transpose();
  }
  mixture->weights /= mixture->weights.sum();
}

// The body poses of a clip's poses, thinned, each with weight 1 / rows (times 1/2 when mirrored).
PoseSamples SamplesOf(const PoseClip& clip, const PriorTrainingOptions& options) {
  const double wanted =
      static_cast<double>(clip.poses.rows()) * options.frames_per_second / clip.fps;
  const auto count = static_cast<Index>(
      std::clamp(std::ceil(wanted), 1.0, static_cast<double>(options.max_frames_per_clip)));
  RowMatX poses(std::min(count, clip.poses.rows()), clip.poses.cols());
  for (Index i = 0; i < poses.rows(); ++i) {
    // The middle of each of the equal parts of the clip.
    poses.row(i) = clip.poses.row((2 * i + 1) * clip.poses.rows() / (2 * poses.rows()));
  }
  const Index copies = options.mirror ? 2 : 1;
  PoseSamples samples;
  samples.x.resize(copies * poses.rows(), kNumPriorPose);
  samples.x.topRows(poses.rows()) = poses.rightCols(kNumPriorPose);
  if (options.mirror) {
    samples.x.bottomRows(poses.rows()) = MirrorPoses(poses).rightCols(kNumPriorPose);
  }
  samples.weights = VecX::Constant(samples.x.rows(), 1.0 / static_cast<double>(samples.x.rows()));
  return samples;
}

PoseSamples SamplesOf(const std::vector<const PoseClip*>& clips,
                      const PriorTrainingOptions& options) {
  std::vector<PoseSamples> parts;
  Index rows = 0;
  for (const PoseClip* clip : clips) {
    parts.push_back(SamplesOf(*clip, options));
    rows += parts.back().x.rows();
  }
  PoseSamples all;
  all.x.resize(rows, kNumPriorPose);
  all.weights.resize(rows);
  Index row = 0;
  for (const PoseSamples& part : parts) {
    all.x.middleRows(row, part.x.rows()) = part.x;
    all.weights.segment(row, part.x.rows()) = part.weights;
    row += part.x.rows();
  }
  return all;
}

// Shuffles the clips that have frames; the first ones are held out.
std::vector<const PoseClip*> ShuffledClips(const std::vector<PoseClip>& clips, uint64_t seed) {
  std::vector<const PoseClip*> shuffled;
  for (const PoseClip& clip : clips) {
    if (clip.poses.rows() > 0) shuffled.push_back(&clip);
  }
  Rng rng(seed, RngStream::kPriorTraining, 1);
  for (size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[rng.Below(i)]);
  return shuffled;
}

}  // namespace

void PriorTrainingOptions::Check() const {
  const auto require = [](bool ok, const char* field, double value, const char* expected) {
    if (!ok) ThrowUserError("{} is {}, expected {}", field, value, expected);
  };
  require(components >= 1 && components <= 256, "components", components, "1 to 256");
  require(frames_per_second > 0, "frames_per_second", frames_per_second, "more than 0");
  require(max_frames_per_clip >= 1, "max_frames_per_clip", max_frames_per_clip, "1 or more");
  require(held_out_share >= 0 && held_out_share < 1, "held_out_share", held_out_share,
          "0 or more and less than 1");
  require(prior_samples >= 0, "prior_samples", prior_samples, "0 or more");
  require(floor_rad > 0, "floor_rad", floor_rad, "more than 0");
  require(max_iterations >= 1, "max_iterations", max_iterations, "1 or more");
  require(tolerance >= 0, "tolerance", tolerance, "0 or more");
}

MixtureFit FitMixture(const RowMatX& x, const VecX& sample_weights,
                      const PriorTrainingOptions& options) {
  options.Check();
  GYRE_CHECK(x.rows() == sample_weights.size() && x.rows() >= options.components &&
             sample_weights.minCoeff() > 0);
  Rng rng(options.seed, RngStream::kPriorTraining);
  VecX mean;
  MatrixXd scatter;
  Moments(x, sample_weights, &mean, &scatter);
  const VecX shrunk_to = scatter.diagonal();

  MixtureFit mixture;
  mixture.weights = VecX::Constant(options.components, 1.0 / options.components);
  mixture.means = mean.transpose().replicate(options.components, 1);
  scatter.diagonal().array() += options.floor_rad * options.floor_rad;
  mixture.covariances.assign(static_cast<size_t>(options.components), scatter);
  MatrixXd responsibilities = InitialResponsibilities(x, sample_weights, options.components, &rng);
  double last = -std::numeric_limits<double>::infinity();
  for (mixture.iterations = 1;; ++mixture.iterations) {
    Maximise(x, sample_weights, responsibilities, shrunk_to, options, &mixture);
    responsibilities = LogJoint(mixture, x);
    mixture.log_likelihood =
        Normalise(&responsibilities).dot(sample_weights) / sample_weights.sum();
    if (mixture.log_likelihood - last < options.tolerance ||
        mixture.iterations >= options.max_iterations) {
      return mixture;
    }
    last = mixture.log_likelihood;
  }
}

double MeanLogLikelihood(const MixtureFit& mixture, const RowMatX& x, const VecX& sample_weights) {
  MatrixXd joint = LogJoint(mixture, x);
  return Normalise(&joint).dot(sample_weights) / sample_weights.sum();
}

PoseSplit SplitPoses(const std::vector<PoseClip>& clips, const PriorTrainingOptions& options) {
  options.Check();
  const std::vector<const PoseClip*> shuffled = ShuffledClips(clips, options.seed);
  const auto held_out = static_cast<std::ptrdiff_t>(
      std::floor(options.held_out_share * static_cast<double>(shuffled.size())));
  return {SamplesOf(shuffled, options),
          SamplesOf({shuffled.begin() + held_out, shuffled.end()}, options),
          SamplesOf({shuffled.begin(), shuffled.begin() + held_out}, options),
          static_cast<int>(shuffled.size()), static_cast<int>(held_out)};
}

PriorTraining TrainPosePrior(const std::vector<PoseClip>& clips,
                             const PriorTrainingOptions& options) {
  const PoseSplit poses = SplitPoses(clips, options);
  constexpr int kSamplesPerComponent = 10;
  if (poses.all.x.rows() < kSamplesPerComponent * options.components) {
    ThrowUserError(
        "the clips give {} poses, expected at least {} for {} components; give more "
        "clips, or ask for fewer components",
        poses.all.x.rows(), kSamplesPerComponent * options.components, options.components);
  }
  PriorTraining training;
  training.num_clips = poses.num_clips;
  training.num_samples = static_cast<int>(poses.all.x.rows());
  training.num_held_out_clips = poses.num_held_out_clips;
  training.mixture = FitMixture(poses.all.x, poses.all.weights, options);
  if (poses.num_held_out_clips == 0 || poses.train.x.rows() < options.components) {
    training.train_log_likelihood = training.mixture.log_likelihood;
    training.held_out_log_likelihood = std::numeric_limits<double>::quiet_NaN();
    return training;
  }
  const MixtureFit mixture = FitMixture(poses.train.x, poses.train.weights, options);
  training.train_log_likelihood = mixture.log_likelihood;
  training.held_out_log_likelihood =
      MeanLogLikelihood(mixture, poses.held_out.x, poses.held_out.weights);
  return training;
}

PosePrior PriorFromMixture(const MixtureFit& mixture, const std::string& source) {
  return PosePrior(mixture.weights, mixture.means,
                   {mixture.covariances.begin(), mixture.covariances.end()}, source);
}

}  // namespace gyre
