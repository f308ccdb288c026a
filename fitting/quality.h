// SPDX-License-Identifier: Apache-2.0
// How likely a fit is right: the probability that its PA-MPJPE is below 100 mm, by what the fitter
// knows at its end. The mean over the 14 joints of hips, knees, ankles, shoulders, elbows, wrists,
// neck and head, after Procrustes.
//
// Reprojection alone does not tell: a tangled body can lie on its keypoints. A logistic regression,
//   p = 1 / (1 + exp(-(b + sum_i w_i x_i))),
// on
//   x_1 = log(E + 5)    E: energy of the pose prior, less the least that it can be (pose_prior.h)
//   x_2 = log(r + 5)    r: sum c^2 gm(e) / sum c^2, Geman-McClure of 15 px, in the 224 px crop
//   x_3 = s             mean |dz| / length of upper and lower arms, thighs and shins: what points to
//                       the camera or away from it is seen worst
//   x_4 = log(u + 0.03) u: mean over the 14 joints of their standard deviation across the line of
//                       sight (FitUncertainty), as a share of the extent of what is observed
// and, of fits without FitUncertainty, in the place of x_4
//   n                   of ankles, knees, wrists and elbows, how many are not observed
//   t                   4 less the confidences of hips and shoulders
// Its numbers (quality_table.h) are learnt from synthetic people by tools/learn_quality.
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "body/kinematics.h"
#include "fitting/fit_problem.h"
#include "fitting/fitter.h"

namespace gyre {

inline constexpr double kQualityMm = 100;  // of PA-MPJPE

struct QualityEvidence {
  double prior_energy = 0;  // E
  double robust_px2 = 0;    // r
  double slant = 0;         // s, in [0, 1]
  double sd_share = std::numeric_limits<double>::quiet_NaN();  // u; NaN: not estimated
  double unseen_ends = 0;                                      // n, 0 to 8
  double unseen_torso = 0;                                     // t, 0 to 4
};

// b and w_i of what follows, in its order.
struct QualityTable {
  std::array<double, 5> with_sd;     // b, x_1 to x_4
  std::array<double, 6> without_sd;  // b, x_1 to x_3, n, t
};

// 1 and x_i, of either kind.
std::array<double, 5> FactorsWithSd(const QualityEvidence& evidence);
std::array<double, 6> FactorsWithoutSd(const QualityEvidence& evidence);

double QualityOf(const QualityEvidence& evidence, const QualityTable& table);
double QualityOf(const QualityEvidence& evidence);  // by the table that ships

// Immutable. The fitter must outlive it.
class QualityJudge {
 public:
  explicit QualityJudge(const Fitter& fitter);

  // Of a fit that is usable, or refused for its large error alone.
  QualityEvidence Evidence(const FitProblem& problem, const FitResult& fit) const;
  // NaN where there is no fit.
  double operator()(const FitProblem& problem, const FitResult& fit) const;

  // Mean distance of the 14 joints after Procrustes, as far as the body has them, millimetres.
  double ErrorMm(const BodyParams& params, const BodyParams& truth) const;

 private:
  Points3 JointsOf(const BodyParams& params) const;
  double SdShare(const FitProblem& problem, const FitResult& fit) const;

  const Fitter& fitter_;
  FoldedJoints skeleton_;
  std::vector<int> joints_;                // those of the 14 that the body has
  std::vector<std::array<int, 2>> limbs_;  // the kinematic joints at their ends
  double least_energy_ = 0;
};

}  // namespace gyre
