// SPDX-License-Identifier: Apache-2.0
// What a fit knows of its parameters: a mixture of Gaussians, one for each component of the pose
// prior.
//
// The objective F is -2 s^2 log of a posterior density, up to a constant, where s is the keypoint
// noise that its weights imply: pose_prior_weight^2 E = |e|^2 for 1/2 d^T P d = |e|^2 / (2 s^2)
// gives s = pose_prior_weight / sqrt 2 (3.4 px of the reference crop for SPIN's 4.78). F takes the
// best component of the prior alone. With another one, k, in its place, and everything else as it
// is near the optimum x (J^T J of it A, its gradient no longer zero where the prior's goes), the
// minimum is
//   x_k = x - N_k^-1 g_k,   N_k = A + s^2 P_k,   g_k = s^2 (P_k (x - m_k) - P_best (x - m_best))
// and that component's evidence (Laplace's approximation)
//   e_k = w_k / sqrt(det C_k det N_k) exp(-F_k(x_k) / (2 s^2)).
// A few Gaussians over 69 values are far too sure which of them a person is in: components weigh by
// e_k^(1/T). What observations fix is where it was in all of them, or in those that explain it; a
// limb that nothing observes is wherever these put it.
//
// Where a person is further from the prior or the keypoints than s and the covariances have it, all
// of them are too narrow: s^2 is multiplied by F(x) / (s^2 (rows - 2)), rows of observations, where
// that is more than 1: the variance factor of least-squares adjustment, F(x) / (s^2 rows), times
// rows / (rows - 2) for its being known from so few, as in the variance of Student's t.
#pragma once

#include <Eigen/Cholesky>
#include <vector>

#include "body/body_params.h"
#include "body/layout_prior.h"

namespace gyre {

// J^T J over some of the parameters, by their positions in BodyParams::values(), ascending.
struct NormalMatrix {
  std::vector<int> params;
  RowMatX values;
};

// The covariance is noise_px^2 information^-1.
struct PosteriorGaussian {
  double weight = 1;
  BodyParams mean;
  Eigen::LLT<Eigen::MatrixXd> information;
};

struct Posterior {
  std::vector<int> params;  // what moves, as NormalMatrix's
  double noise_px = 0;
  std::vector<PosteriorGaussian> gaussians;  // by weight, the largest first; weights sum to 1

  // The mean of all of them. Rotation vectors are averaged as they stand.
  BodyParams Mean() const;
};

// A fit's optimum.
struct FitOptimum {
  const BodyParams& params;
  NormalMatrix normal;  // of the objective there
  double cost = 0;      // F there
  int rows = 0;         // of observations
  double prior_weight = 0;
};

// T above. By it hidden joints of development people are where their covariances say (gyre bench
// coverage): of 1 too few are, and from 4 to 12 it makes little difference.
inline constexpr double kEvidenceTemper = 6;

// One Gaussian at the optimum.
Posterior PosteriorAtOptimum(FitOptimum optimum);
// One for each component of the prior that matters, if only a little.
Posterior PosteriorOverComponents(FitOptimum optimum, const LayoutPrior& prior);

}  // namespace gyre
