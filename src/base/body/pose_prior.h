// SPDX-License-Identifier: Apache-2.0
// A mixture of Gaussians over the 69 axis-angle values of the body's pose (root left out), and the
// max-mixture energy of SMPLify (Bogo et al. 2016), as SPIN evaluates it:
//   E(x) = min_k  1/2 (x - m_k)^T P_k (x - m_k) - log w'_k
//   w'_k = w_k  (min_j sqrt det C_j / sqrt det C_k) / (2 pi)^(69/2)
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/rng.h"
#include "core/types.h"

namespace gyre {

inline constexpr int kNumPriorPose = 69;
using PriorPose = Eigen::Matrix<double, kNumPriorPose, 1>;
using PriorMatrix = Eigen::Matrix<double, kNumPriorPose, kNumPriorPose>;

class PosePrior {
 public:
  struct Component {
    double weight = 0;          // w_k, sums to 1
    double neg_log_weight = 0;  // -log w'_k
    PriorPose mean;
    PriorMatrix covariance;
    PriorMatrix precision;            // covariance^-1
    PriorMatrix sqrt_precision;       // L^T with L L^T = precision: |L^T d|^2 = d^T P d
    PriorMatrix cholesky_covariance;  // L with L L^T = covariance, for drawing
  };

  // weights [K], means [K,69], covariances [K] of 69 x 69; checked (finite, symmetric, positive
  // definite; weights normalised); UserError names `source`.
  PosePrior(const VecX& weights, const RowMatX& means, const std::vector<PriorMatrix>& covariances,
            std::string source);

  const std::vector<Component>& components() const { return components_; }
  const std::string& source() const { return source_; }

  // The component that attains the minimum, and the energy there.
  int BestComponent(const PriorPose& pose, double* energy = nullptr) const;
  double Energy(const PriorPose& pose) const;
  PriorPose Mean() const;  // sum_k w_k m_k
  PriorPose Sample(Rng& rng, double spread = 1.0) const;

 private:
  std::vector<Component> components_;
  std::string source_;
};

// .pkl in the layout of SMPLify's gmm_08.pkl (dict of means, covars, weights) or .npz with the same
// keys. An empty path gives the prior that ships with gyre.
std::shared_ptr<const PosePrior> LoadPosePrior(const std::filesystem::path& path = {});
void SavePosePrior(const PosePrior& prior, const std::filesystem::path& path);

}  // namespace gyre
