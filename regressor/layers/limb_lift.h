// SPDX-License-Identifier: Apache-2.0
// Joints in space from where they are seen and how deep they are about their root, by the lengths
// of limbs (Pavlakos et al. 2017). One number t is not known, the root's depth or what stands for
// it, and joints are affine in it:
//   X_j(t) = a_j + t b_j
//   perspective        a = z_j ray_j,     b = ray_j,        ray = K^-1 (u, v, 1); t is a depth
//   weak perspective   a = (0, 0, g z_j), b = (x_j, y_j, 0);                     t is 1 / scale
// It is the t that minimises the sum over limbs of (|X_p - X_q| - length)^2; of a weak perspective
// t and the share g in [0, 1] of the depths that limbs of these lengths bear out. Were the depths
// of a network that knows none yet all believed, limbs would be too long whatever their scale, and
// the search would shrink what is seen, which may be right, to a point: a body folded along the
// line of sight. With g it is flat, and where depths are right g is 1.
#pragma once

#include <ATen/core/Tensor.h>

#include <Eigen/Core>
#include <utility>
#include <vector>

namespace gyre {

struct Limb {
  int64_t from, to;  // joints
  double length_m;
};

// Joints [...,3] at t; `t` [...].
at::Tensor JointsAt(const at::Tensor& offset, const at::Tensor& direction, const at::Tensor& t);

// offset, direction [B,M,3] -> t [B] in [low, high], both positive, to a relative 1e-7; and the
// root of the sum there, [B], in the unit of the lengths. Double precision, without gradient: the
// best of steps of 4 %, then a golden section. Finite for finite joints, whatever they are.
struct LiftResult {
  at::Tensor t, residual;
};
LiftResult LiftByLimbs(const at::Tensor& offset, const at::Tensor& direction,
                       const std::vector<Limb>& limbs, double low, double high);

// The greatest distance of two joints [J,3].
double ExtentOf(const Eigen::Ref<const Eigen::MatrixXd>& joints);

// Weak perspective: uvd [B,M,3], x, y in [-1,1] and metres about the root -> joints [B,M,3] in
// metres about the crop's middle, and the scale [B]; t and g have no gradient. A crop is cut about
// its person: the scale stands within a factor of three of 2 / `extent_m`, at which a person of
// that extent fills it.
std::pair<at::Tensor, at::Tensor> LiftUvd(const at::Tensor& uvd, const std::vector<Limb>& limbs,
                                          double extent_m);

}  // namespace gyre
