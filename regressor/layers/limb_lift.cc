// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/limb_lift.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

// The factors of `low` that are tried first, [1,T].
at::Tensor Steps(double low, double high, const at::Tensor& like) {
  constexpr double kStep = 1.04;
  std::vector<double> steps;
  for (double t = low; t < high; t *= kStep) steps.push_back(t);
  steps.push_back(high);
  return at::tensor(steps, at::kDouble).to(like.device()).unsqueeze(0);
}

// The x [B,1] in [low, high] that minimises `of`, which gives values [B,T] at x [B,T]: the best of
// steps of 4 %, then a golden section, to a relative 1e-7.
template <typename Function>
at::Tensor Minimum(const Function& of, double low, double high, const at::Tensor& like) {
  const int64_t batch = like.size(0);
  const at::Tensor steps = Steps(low, high, like).expand({batch, -1});
  const at::Tensor best = of(steps).argmin(1, /*keepdim=*/true);
  const auto step = [&](const at::Tensor& idx) {
    return steps.gather(1, idx.clamp(0, steps.size(1) - 1));
  };
  at::Tensor below = step(best - 1), above = step(best + 1);
  const double golden = (std::sqrt(5.0) - 1) / 2;
  constexpr int kSections = 36;  // 0.618^36 of 8 %
  for (int i = 0; i < kSections; ++i) {
    const at::Tensor left = above - golden * (above - below),
                     right = below + golden * (above - below);
    const at::Tensor is_left = of(left) < of(right);
    above = at::where(is_left, right, above);
    below = at::where(is_left, below, left);
  }
  return (below + above) / 2;
}

// Vectors along the limbs [B,L,3] as functions of t.
struct LimbVectors {
  at::Tensor offset, direction;
  at::Tensor length;  // [L]

  // Sums of squares [B,T] at t [B,T].
  at::Tensor SquaresAt(const at::Tensor& t) const {
    const at::Tensor at_t =
        offset.unsqueeze(1) + t.unsqueeze(2).unsqueeze(3) * direction.unsqueeze(1);
    return (at_t.norm(2, 3) - length).square().sum(2);
  }
};

LimbVectors VectorsOf(const at::Tensor& offset, const at::Tensor& direction,
                      const std::vector<Limb>& limbs) {
  std::vector<int64_t> from, to;
  std::vector<double> lengths;
  for (const Limb& limb : limbs) {
    from.push_back(limb.from);
    to.push_back(limb.to);
    lengths.push_back(limb.length_m);
  }
  const auto along = [&](const at::Tensor& joints) {
    const at::Tensor wide = joints.to(at::kDouble);
    return wide.index_select(1, at::tensor(to).to(joints.device())) -
           wide.index_select(1, at::tensor(from).to(joints.device()));
  };
  return {along(offset), along(direction), at::tensor(lengths, at::kDouble).to(offset.device())};
}

// t in [low, high] and g in [0, 1] for uvd [B,M,3], [B,1] each, in its type. Where g is r t, the
// limbs' lengths are t times something, and the best t has a closed form: r alone is searched.
std::pair<at::Tensor, at::Tensor> SizeAndShare(const at::Tensor& uvd,
                                               const std::vector<Limb>& limbs, double low,
                                               double high) {
  GYRE_CHECK(!limbs.empty() && low > 0 && low < high);
  constexpr double kNone = 0.01;  // a share of the depths that is as good as none
  const at::NoGradGuard no_grad;
  const LimbVectors along = VectorsOf(uvd, uvd, limbs);
  const at::Tensor squares = along.offset.square();  // [B,L,3]
  const at::Tensor place = squares.narrow(2, 0, 2).sum(2).unsqueeze(1),
                   depth = squares.select(2, 2).unsqueeze(1);  // [B,1,L]
  const auto lengths_at = [&](const at::Tensor& r) {           // [B,T,L], of t = 1
    return (place + r.square().unsqueeze(2) * depth).sqrt();
  };
  const auto size_at = [&](const at::Tensor& r, const at::Tensor& lengths) {  // [B,T]
    const at::Tensor best =
        (lengths * along.length).sum(2) / lengths.square().sum(2).clamp_min(1e-12);
    return at::minimum(best.clamp(low, high), 1 / r);
  };
  const auto error_at = [&](const at::Tensor& r) {
    const at::Tensor lengths = lengths_at(r);
    return (size_at(r, lengths).unsqueeze(2) * lengths - along.length).square().sum(2);
  };
  const at::Tensor r = Minimum(error_at, kNone / high, 1 / low, uvd);
  const at::Tensor t = size_at(r, lengths_at(r));
  return {t.to(uvd.scalar_type()), (r * t).to(uvd.scalar_type())};
}

}  // namespace

at::Tensor JointsAt(const at::Tensor& offset, const at::Tensor& direction, const at::Tensor& t) {
  return offset + t.unsqueeze(-1).unsqueeze(-1) * direction;
}

LiftResult LiftByLimbs(const at::Tensor& offset, const at::Tensor& direction,
                       const std::vector<Limb>& limbs, double low, double high) {
  GYRE_CHECK(!limbs.empty() && low > 0 && low < high);
  const at::NoGradGuard no_grad;
  const LimbVectors vectors = VectorsOf(offset, direction, limbs);
  const at::Tensor t =
      Minimum([&](const at::Tensor& at_t) { return vectors.SquaresAt(at_t); }, low, high, offset);
  return {t.squeeze(1), vectors.SquaresAt(t).squeeze(1).sqrt()};
}

double ExtentOf(const Eigen::Ref<const Eigen::MatrixXd>& joints) {
  double squared = 0;
  for (Eigen::Index i = 0; i < joints.rows(); ++i) {
    squared =
        std::max(squared, (joints.rowwise() - joints.row(i)).rowwise().squaredNorm().maxCoeff());
  }
  return std::sqrt(squared);
}

std::pair<at::Tensor, at::Tensor> LiftUvd(const at::Tensor& uvd, const std::vector<Limb>& limbs,
                                          double extent_m) {
  constexpr double kWithin = 3;
  const double filling = extent_m / 2;  // t where a person of that extent fills the crop
  const at::Tensor place = uvd.narrow(2, 0, 2), depth = uvd.narrow(2, 2, 1);
  const auto [t, g] = SizeAndShare(uvd.detach(), limbs, filling / kWithin, kWithin * filling);
  const at::Tensor joints = at::cat({place * t.unsqueeze(2), depth * g.unsqueeze(2)}, 2);
  return {joints, 1 / t.squeeze(1)};
}

}  // namespace gyre
