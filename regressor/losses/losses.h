// SPDX-License-Identifier: Apache-2.0
// The training losses of SPIN (Kolotouros et al. 2019) and those of bodies that SPIN has not, each
// a named, masked scalar over B samples, N keypoints of the set, M joints with truth, J rotations:
//   keypoints_2d  mean over B*N*2  of conf_j w_j |x - x^|^2, x in [-1,1] of the crop
//   keypoints_3d  mean over (samples with 3D)*M*3  of conf_j |X - X^|^2, both centred on the middle
//                 of their own hips (see root_joints.h)
//   pose          mean over (valid samples)*J*9  of |R - R^|^2, weighted where weights are given
//   betas         mean over (valid samples)*S    of |b - b^|^2
//   expression    mean over (valid samples)*E    of |e - e^|^2
//   camera        mean over B of exp(-10 s)^2
//   uvd           mean over B*M*3  of w |u - u^|^2, of the uvd set, see uvd_targets.h
//   volumes       sum over the stack of means over B*M*cells of w |V - V^|^2, see volume_loss.cc
//   twist         mean over (valid samples)*(swinging joints)*2  of |t - t^|^2, cosine and sine
//   axis_angle    mean over (valid samples)*J*3  of |a - a^|^2, axis-angle
//   body_joints   mean over (valid samples)*N*3  of |X - X^|^2, of the body that teaches, both
//   about
//                 their own hips
//   vertices      mean over (valid samples)*V*3  of |v - v^|
//   mesh_vertices, mesh_keypoints_2d, mesh_keypoints_3d
//                 the same three of a mesh that was said as such (GraphCMR)
//   joint_distance, root_path, reprojection, bones
//                 of lifted clips (VideoPose3D), see lifted_losses.cc; each is there where it
//                 weighs
//   silhouette, silhouette_pixels, parts, mask
//                 of people with masks, see silhouette_losses.cc
//   total = options.total * sum of weight * term
// LossMean::kObserved divides the keypoint terms by the sum of conf_j w_j per coordinate instead.
// LossNorm::kL1 takes absolute values for squares.
//
// A term is there where the output and the targets hold what it compares. Masked entries
// (confidence, has, valid = 0) contribute exactly nothing, whatever stands there, NaN included; a
// term without any entry is 0 with zero gradients. Nothing here waits for a GPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "regressor/losses/loss.h"
#include "regressor/rank_mean.h"

namespace gyre {

struct Losses {
  at::Tensor total;
  std::vector<std::pair<std::string, at::Tensor>> terms;  // unweighted, detached; fixed order
};

// In the order of the terms.
std::span<const LossKind> LossKinds();

// Tensors of one floating type; gradients flow into the output. Of several ranks, each with its
// part of the batch: means are over the whole of it, scaled so that the mean over ranks of a term
// (and of its gradient) is the term of the whole batch.
Losses ComputeLosses(const Output& output, const Targets& targets, const LossOptions& options,
                     const RankMean& rank_mean = {});

}  // namespace gyre
