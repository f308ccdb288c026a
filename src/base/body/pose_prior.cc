// SPDX-License-Identifier: Apache-2.0
#include "body/pose_prior.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <span>

#include "body/default_pose_prior.h"
#include "body/file_kinds.h"
#include "core/error.h"
#include "io/npz.h"
#include "io/pickle.h"
#include "io/zip.h"

namespace gyre {
namespace {

constexpr int kMaxComponents = 1024;

// The arrays of a prior as they stand in a file, under SMPLify's names.
struct PriorArrays {
  NdArray weights, means, covars;
};

constexpr const char* kPriorKeys[] = {"weights", "means", "covars"};

[[noreturn]] void ThrowNoPrior(const std::filesystem::path& path, const std::string& key,
                               std::span<const std::string> keys) {
  ThrowUserError("{}: has no key '{}', which pose priors have{}", path.string(), key,
                 WhatKeysAre(keys));
}

PriorArrays FromPickle(const std::filesystem::path& path) {
  const Pickle pickle = ReadPickle(path);
  const auto array = [&](const char* key) {
    const PickleValue* value = pickle.root().Find(key);
    if (value == nullptr) ThrowNoPrior(path, key, pickle.root().Keys());
    return value->AsArray(fmt::format("{}: key '{}'", path.string(), key));
  };
  return {array("weights"), array("means"), array("covars")};
}

PriorArrays FromNpz(const Npz& npz, const std::filesystem::path& path) {
  return {Get(npz, "weights", path), Get(npz, "means", path), Get(npz, "covars", path)};
}

// The prior that stands in the program itself.
Npz DefaultPrior(const std::string& what) {
  const ZipReader zip(std::string(DefaultPosePriorFile()), what);
  Npz npz;
  for (const char* key : {"weights", "means", "covars"}) {
    npz[key] = ParseNpy(zip.Read(fmt::format("{}.npy", key)), fmt::format("{}: '{}'", what, key));
  }
  return npz;
}

std::shared_ptr<const PosePrior> FromArrays(const PriorArrays& arrays, const std::string& source) {
  const std::string in_weights = source + ": key 'weights'";
  const std::string in_means = source + ": key 'means'";
  const std::string in_covars = source + ": key 'covars'";
  arrays.weights.CheckShape({-1}, in_weights);
  const int64_t count = arrays.weights.dim(0);
  if (count < 1 || count > kMaxComponents) {
    ThrowUserError("{}: holds {} components, expected 1 to {}", in_weights, count, kMaxComponents);
  }
  arrays.means.CheckShape({count, kNumPriorPose}, in_means);
  arrays.covars.CheckShape({count, kNumPriorPose, kNumPriorPose}, in_covars);
  const std::vector<double> weights = arrays.weights.As<double>(in_weights);
  const std::vector<double> means = arrays.means.As<double>(in_means);
  const std::vector<double> covars = arrays.covars.As<double>(in_covars);
  std::vector<PriorMatrix> covariances;
  for (int64_t k = 0; k < count; ++k) {
    covariances.push_back(
        Eigen::Map<const PriorMatrix>(covars.data() + k * kNumPriorPose * kNumPriorPose));
  }
  return std::make_shared<PosePrior>(Eigen::Map<const VecX>(weights.data(), count),
                                     Eigen::Map<const RowMatX>(means.data(), count, kNumPriorPose),
                                     covariances, source);
}

void CheckNumbers(const VecX& weights, const RowMatX& means,
                  const std::vector<PriorMatrix>& covariances, const std::string& source) {
  if (!weights.allFinite() || weights.minCoeff() <= 0 || std::abs(weights.sum() - 1) > 1e-3) {
    ThrowUserError("{}: the mixture's weights must be positive and sum to 1 (their sum is {})",
                   source, weights.sum());
  }
  for (size_t k = 0; k < covariances.size(); ++k) {
    const PriorMatrix& c = covariances[k];
    if (!c.allFinite() || !means.row(static_cast<Eigen::Index>(k)).allFinite()) {
      ThrowUserError("{}: component {} holds a number that is not finite", source, k);
    }
    if ((c - c.transpose()).cwiseAbs().maxCoeff() > 1e-5 * c.cwiseAbs().maxCoeff()) {
      ThrowUserError("{}: the covariance of component {} is not symmetric", source, k);
    }
  }
}

}  // namespace

PosePrior::PosePrior(const VecX& weights, const RowMatX& means,
                     const std::vector<PriorMatrix>& covariances, std::string source)
    : source_(std::move(source)) {
  GYRE_CHECK(weights.size() > 0 && means.rows() == weights.size() &&
                 means.cols() == kNumPriorPose &&
                 static_cast<Eigen::Index>(covariances.size()) == weights.size(),
             "{} weights, {} x {} means, {} covariances", weights.size(), means.rows(),
             means.cols(), covariances.size());
  CheckNumbers(weights, means, covariances, source_);
  const double weight_sum = weights.sum();
  std::vector<double> half_log_det;
  for (Eigen::Index k = 0; k < weights.size(); ++k) {
    Component c;
    c.weight = weights[k] / weight_sum;
    c.mean = means.row(k);
    c.covariance = 0.5 * (covariances[k] + covariances[k].transpose());
    const Eigen::LLT<PriorMatrix> covariance(c.covariance);
    c.precision = covariance.solve(PriorMatrix::Identity());
    const Eigen::LLT<PriorMatrix> precision(c.precision);
    if (covariance.info() != Eigen::Success || precision.info() != Eigen::Success) {
      ThrowUserError("{}: the covariance of component {} is not positive definite", source_, k);
    }
    c.cholesky_covariance = covariance.matrixL();
    c.sqrt_precision = precision.matrixU();
    half_log_det.push_back(c.cholesky_covariance.diagonal().array().log().sum());
    components_.push_back(std::move(c));
  }
  const double smallest = *std::min_element(half_log_det.begin(), half_log_det.end());
  for (size_t k = 0; k < components_.size(); ++k) {
    components_[k].neg_log_weight = half_log_det[k] - smallest - std::log(components_[k].weight) +
                                    0.5 * kNumPriorPose * std::log(2 * std::numbers::pi);
  }
}

int PosePrior::BestComponent(const PriorPose& pose, double* energy) const {
  int best = 0;
  double lowest = std::numeric_limits<double>::infinity();
  for (size_t k = 0; k < components_.size(); ++k) {
    const Component& c = components_[k];
    const PriorPose whitened = c.sqrt_precision.triangularView<Eigen::Upper>() * (pose - c.mean);
    const double value = 0.5 * whitened.squaredNorm() + c.neg_log_weight;
    if (value < lowest) {
      lowest = value;
      best = static_cast<int>(k);
    }
  }
  if (energy != nullptr) *energy = lowest;
  return best;
}

double PosePrior::Energy(const PriorPose& pose) const {
  double energy = 0;
  BestComponent(pose, &energy);
  return energy;
}

PriorPose PosePrior::Mean() const {
  PriorPose mean = PriorPose::Zero();
  for (const Component& c : components_) mean += c.weight * c.mean;
  return mean;
}

PriorPose PosePrior::Sample(Rng& rng, double spread) const {
  double rest = rng.Uniform();
  size_t k = 0;
  while (k + 1 < components_.size() && rest >= components_[k].weight)
    rest -= components_[k++].weight;
  PriorPose normal;
  for (double& value : normal) value = rng.Normal();
  const Component& c = components_[k];
  const PriorPose offset = c.cholesky_covariance.triangularView<Eigen::Lower>() * normal;
  return c.mean + spread * offset;
}

std::shared_ptr<const PosePrior> LoadPosePrior(const std::filesystem::path& path) {
  if (path.empty()) {
    static const std::shared_ptr<const PosePrior> prior = [] {
      const std::string source = "the prior that ships with gyre";
      return FromArrays(FromNpz(DefaultPrior(source), source), source);
    }();
    return prior;
  }
  if (path.extension() == ".pkl") return FromArrays(FromPickle(path), path.string());
  if (path.extension() == ".npz") {
    const std::vector<std::string> keys(std::begin(kPriorKeys), std::end(kPriorKeys));
    const Npz npz = ReadNpz(path, keys);
    for (const std::string& key : keys) {
      if (!npz.contains(key)) ThrowNoPrior(path, key, NpzKeys(path));
    }
    return FromArrays(FromNpz(npz, path), path.string());
  }
  ThrowUserError(
      "{}: a pose prior is a .pkl in the layout of SMPLify's gmm_08.pkl or a .npz with the keys "
      "means, covars and weights",
      path.string());
}

void SavePosePrior(const PosePrior& prior, const std::filesystem::path& path) {
  const auto count = static_cast<int64_t>(prior.components().size());
  std::vector<float> weights, means, covars;
  for (const PosePrior::Component& c : prior.components()) {
    weights.push_back(static_cast<float>(c.weight));
    for (const double value : c.mean) means.push_back(static_cast<float>(value));
    for (const double value : c.covariance.reshaped()) covars.push_back(static_cast<float>(value));
  }
  WriteNpz(path, {{"weights", NdArray::From<float>({count}, weights)},
                  {"means", NdArray::From<float>({count, kNumPriorPose}, means)},
                  {"covars", NdArray::From<float>({count, kNumPriorPose, kNumPriorPose}, covars)},
                  {"source", NdArray::FromStrings({prior.source()})}});
}

}  // namespace gyre
