// SPDX-License-Identifier: Apache-2.0
// The training losses of SPIN (Kolotouros et al. 2019), each a named, masked scalar:
//   keypoints_2d  mean over B*49*2  of conf_j w_j |x - x^|^2, x in [-1,1] of the crop
//   keypoints_3d  mean over (samples with 3D)*24*3  of conf_j |X - X^|^2, both centred on the
//   middle
//                 of their own annotated hips
//   pose          mean over (valid samples)*24*9  of |R - R^|^2, weighted where weights are given
//   betas         mean over (valid samples)*10    of |b - b^|^2
//   camera        mean over B of exp(-10 s)^2
//   vertices      mean over (valid samples)*V*3   of |v - v^|
//   total = options.total * sum of weight * term
// LossMean::kObserved divides the keypoint terms by the sum of conf_j w_j per coordinate instead.
// LossNorm::kL1 takes absolute values for squares.
//
// Masked entries (confidence, has, valid = 0) contribute exactly nothing, whatever stands there,
// NaN included; a term without any entry is 0 with zero gradients. Nothing here waits for a GPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "regressor/loss_options.h"
#include "regressor/rank_mean.h"

namespace gyre {

// What the network gives, of one floating type. Gradients flow into these.
struct LossPrediction {
  at::Tensor rotmats;       // [B,24,3,3]
  at::Tensor betas;         // [B,10]
  at::Tensor cam;           // [B,3]
  at::Tensor joints49;      // [B,49,3] metres, without translation
  at::Tensor keypoints_2d;  // [B,49,2] in [-1,1], see projection.h
  at::Tensor vertices;      // [B,V,3]; undefined when options.vertices == 0
};

// What teaches. Masks are floating or bool; any mask may be all zero.
struct LossTarget {
  at::Tensor keypoints_2d;   // [B,49,3]: x, y in [-1,1], confidence
  at::Tensor joints_3d;      // [B,24,4]: superset joints in camera axes, metres, confidence
  at::Tensor has_joints_3d;  // [B]
  at::Tensor rotmats;        // [B,24,3,3]
  at::Tensor betas;          // [B,10]
  at::Tensor valid;          // [B] whether rotmats, betas (and vertices) teach
  at::Tensor joint_weight;   // [B,24] of the rotations, >= 0; undefined: all 1
  at::Tensor vertices;       // [B,V,3]; undefined when options.vertices == 0
};

struct Losses {
  at::Tensor total;
  std::vector<std::pair<std::string, at::Tensor>> terms;  // unweighted, detached; fixed order
};

// Of several ranks, each with its part of the batch: means are over the whole of it, scaled so that
// the mean over ranks of a term (and of its gradient) is the term of the whole batch.
Losses ComputeLosses(const LossPrediction& prediction, const LossTarget& target,
                     const LossOptions& options, const RankMean& rank_mean = {});

}  // namespace gyre
