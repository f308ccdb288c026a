// SPDX-License-Identifier: Apache-2.0
// Fits the mixture of pose_prior.h to motion capture by expectation maximisation (Dempster et al.
// 1977) with weighted samples x_n, weights v_n and responsibilities r_nk:
//   r_nk = w_k N(x_n; m_k, C_k) / sum_j w_j N(x_n; m_j, C_j)
//   m_k  = sum_n v_n r_nk x_n / V_k,   V_k = sum_n v_n r_nk,   w_k = V_k / sum_n v_n
//   C_k  = (1 - s_k) S_k + s_k diag(S_all) + diag(f)
// S_k is the responsible samples' scatter, S_all that of all samples, f a floor on the variances
// and s_k = prior_samples / (prior_samples + effective samples of k).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "body/pose_prior.h"
#include "body/retarget.h"
#include "core/option_fields.h"

namespace gyre {

struct PriorTrainingOptions {
  int components = 8;
  uint64_t seed = 0;
  double frames_per_second = 5;  // neighbouring frames of motion capture say the same
  int max_frames_per_clip = 60;  // spread over the clip
  bool mirror = true;            // people are symmetric; clips of them are not
  double held_out_share = 0.15;  // of the clips, to report an honest likelihood
  double prior_samples = 30;     // strength of the shrinkage to a diagonal covariance
  double floor_rad = 0.1;        // deviation added to every value: what clips cannot say (hands,
                                 // feet, wrists are still or absent in them) is loose, not rigid
  int max_iterations = 100;
  double tolerance = 1e-3;  // gain of mean log-likelihood per iteration at which to stop

  // UserError names the field and its value.
  void Check() const;
};

template <OptionsOf<PriorTrainingOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("components", o.components, "Gaussians in the mixture");
  visit("seed", o.seed, "Seed of the starting point and of the held-out clips");
  visit("frames_per_second", o.frames_per_second, "Poses taken of a clip's second");
  visit("max_frames_per_clip", o.max_frames_per_clip, "Poses taken of a clip, spread over it");
  visit("mirror", o.mirror, "Also learn from each clip's mirror image");
  visit("held_out_share", o.held_out_share, "Share of the clips that only measure");
  visit("prior_samples", o.prior_samples, "Strength of the shrinkage to a diagonal covariance");
  visit("floor_rad", o.floor_rad, "Deviation added to every value, radians");
  visit("max_iterations", o.max_iterations, "Iterations of expectation maximisation");
  visit("tolerance", o.tolerance, "Gain of mean log-likelihood per iteration that ends them");
}

// Poses to learn from, of the clips that have frames: thinned and mirrored as the options say.
struct PoseSamples {
  RowMatX x;     // [N,69], as PosePrior's
  VecX weights;  // [N], each clip's together 1
};
struct PoseSplit {
  PoseSamples all, train, held_out;  // in another order than the clips'
  int num_clips = 0;
  int num_held_out_clips = 0;
};
PoseSplit SplitPoses(const std::vector<PoseClip>& clips, const PriorTrainingOptions& options);

struct MixtureFit {
  VecX weights;                              // [K]
  RowMatX means;                             // [K,D]
  std::vector<Eigen::MatrixXd> covariances;  // K of D x D
  double log_likelihood = 0;                 // weighted mean per sample, natural logarithm
  int iterations = 0;
};

// Expectation maximisation on rows x [N,D] with positive weights [N]; k-means++ starts it. The same
// seed gives the same numbers.
MixtureFit FitMixture(const RowMatX& x, const VecX& sample_weights,
                      const PriorTrainingOptions& options);

// Weighted mean of log sum_k w_k N(x_n; m_k, C_k).
double MeanLogLikelihood(const MixtureFit& mixture, const RowMatX& x, const VecX& sample_weights);

struct PriorTraining {
  MixtureFit mixture;  // of all clips
  int num_clips = 0;
  int num_samples = 0;  // mirrored ones included
  int num_held_out_clips = 0;
  double train_log_likelihood = 0;     // of a mixture fitted without the held-out clips
  double held_out_log_likelihood = 0;  // of the held-out clips under that mixture; NaN when none
};

// Every clip weighs the same, however long. UserError when there are fewer samples than a mixture
// of this size can be fitted to.
PriorTraining TrainPosePrior(const std::vector<PoseClip>& clips,
                             const PriorTrainingOptions& options);

// The prior of a fitted mixture over 69 values; `source` says where it came from.
PosePrior PriorFromMixture(const MixtureFit& mixture, const std::string& source);

}  // namespace gyre
