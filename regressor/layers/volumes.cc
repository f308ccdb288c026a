// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/volumes.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

at::Tensor Indices(int64_t count, const at::Tensor& like) {
  return at::arange(count, like.options().requires_grad(false));
}

// Sums of weights [B,M,D,H,W] along the axes x, y and z: [B,M,n] each.
std::array<at::Tensor, 3> AxisSums(const at::Tensor& weights) {
  const at::Tensor plane = weights.sum(2);
  return {plane.sum(2), plane.sum(3), weights.sum({3, 4})};
}

// The mean cell of each axis under sums along the axes that are not all zero: [B,M,3].
at::Tensor MeanCell(const at::Tensor& weights) {
  std::vector<at::Tensor> means;
  for (const at::Tensor& sums : AxisSums(weights)) {
    means.push_back((sums * Indices(sums.size(2), sums)).sum(2) / sums.sum(2).clamp_min(1e-12));
  }
  return at::stack(means, 2);
}

// [3] numbers of cells along x, y, z.
at::Tensor Counts(const VolumeSize& size, const at::Tensor& like) {
  const double counts[] = {static_cast<double>(size.width), static_cast<double>(size.height),
                           static_cast<double>(size.depth)};
  return at::tensor(at::ArrayRef<double>(counts)).to(like.options());
}

// [3] units of uvd in half a volume.
at::Tensor HalfSpans(double depth_m, const at::Tensor& like) {
  const double spans[] = {1, 1, depth_m / 2};
  return at::tensor(at::ArrayRef<double>(spans)).to(like.options());
}

// The Gaussian along an axis of n cells at places [B,M]: [B,M,n].
at::Tensor GaussianAlong(const at::Tensor& places, int64_t n) {
  const int64_t window = GaussianWindow(n);
  const at::Tensor cells = Indices(n, places);
  const at::Tensor middle = (places + 0.5).floor().unsqueeze(2);
  const at::Tensor inside = (cells - middle).abs() <= static_cast<double>(window / 2);
  if (window == 1) return inside.to(places.scalar_type());
  const double deviation = static_cast<double>(window) / 4;
  const at::Tensor distance = (cells - places.unsqueeze(2)) / deviation;
  return (-0.5 * distance * distance).exp().masked_fill(inside.logical_not(), 0);
}

}  // namespace

VolumeSize SizeOf(const at::Tensor& volumes) {
  GYRE_CHECK(volumes.dim() == 5);
  return {volumes.size(2), volumes.size(3), volumes.size(4)};
}

at::Tensor UvdFromCells(const at::Tensor& cells, const VolumeSize& size, double depth_m) {
  return ((2 * cells + 1) / Counts(size, cells) - 1) * HalfSpans(depth_m, cells);
}

at::Tensor CellsFromUvd(const at::Tensor& uvd, const VolumeSize& size, double depth_m) {
  return ((uvd / HalfSpans(depth_m, uvd) + 1) * Counts(size, uvd) - 1) / 2;
}

at::Tensor SoftArgmax(const at::Tensor& volumes) {
  const at::Tensor flat = at::softmax(volumes.flatten(2), 2);
  return MeanCell(flat.view(volumes.sizes()));
}

at::Tensor HardArgmax(const at::Tensor& volumes) {
  const VolumeSize size = SizeOf(volumes);
  const at::Tensor best = volumes.detach().flatten(2).argmax(2);
  const at::Tensor x = best.remainder(size.width);
  const at::Tensor row = best.div(size.width, "floor");
  const at::Tensor y = row.remainder(size.height), z = row.div(size.height, "floor");
  return at::stack({x, y, z}, 2).to(volumes.scalar_type());
}

at::Tensor PeakPlace(const at::Tensor& volumes) {
  const VolumeSize size = SizeOf(volumes);
  const at::Tensor best = HardArgmax(volumes);
  const auto near = [&](int axis, int64_t n) {
    const at::Tensor middle = best.select(2, axis).unsqueeze(2);
    return ((Indices(n, best) - middle).abs() <= static_cast<double>(GaussianWindow(n) / 2))
        .to(volumes.scalar_type());
  };
  const at::Tensor window = near(2, size.depth).unsqueeze(3).unsqueeze(4) *
                            near(1, size.height).unsqueeze(2).unsqueeze(4) *
                            near(0, size.width).unsqueeze(2).unsqueeze(3);
  const at::Tensor peak = volumes.detach().amax({2, 3, 4}, /*keepdim=*/true);
  const at::Tensor share = volumes.clamp_min(0) / peak.clamp_min(1e-12);
  const at::Tensor weights = share.square().square() * window;
  // Without anything positive the best cell it is.
  const at::Tensor any = (weights.sum({2, 3, 4}) > 1e-12).unsqueeze(2);
  return at::where(any, MeanCell(weights), best);
}

int64_t GaussianWindow(int64_t cells) {
  constexpr double kDeviation = 2, kOf = 64;
  const double window = 6 * kDeviation * static_cast<double>(cells) / kOf;
  return 2 * static_cast<int64_t>(std::floor((window + 1) / 2)) + 1;
}

at::Tensor GaussianVolumes(const at::Tensor& cells, const VolumeSize& size) {
  GYRE_CHECK(cells.dim() == 3 && cells.size(2) == 3);
  // Far outside whatever is not finite.
  constexpr double kFar = 1e6;
  const at::Tensor finite = cells.nan_to_num(-kFar, kFar, -kFar).clamp(-kFar, kFar);
  const at::Tensor x = GaussianAlong(finite.select(2, 0), size.width),
                   y = GaussianAlong(finite.select(2, 1), size.height),
                   z = GaussianAlong(finite.select(2, 2), size.depth);
  return z.unsqueeze(3).unsqueeze(4) * (y.unsqueeze(3) * x.unsqueeze(2)).unsqueeze(2);
}

at::Tensor DepthMarginal(const at::Tensor& volumes) {
  const int64_t window = GaussianWindow(volumes.size(2));
  double whole = 0;
  for (int64_t k = -(window / 2); k <= window / 2; ++k) {
    const double distance = 4.0 * static_cast<double>(k) / static_cast<double>(window);
    whole += std::exp(-0.5 * distance * distance);
  }
  return volumes.sum(2) / whole;
}

at::Tensor SampleMaps(const at::Tensor& maps, const at::Tensor& places) {
  GYRE_CHECK(maps.dim() == 4 && places.dim() == 3 && places.size(2) == 2);
  constexpr int64_t kBilinear = 0, kZeros = 0;
  const at::Tensor sampled = at::grid_sampler(maps, places.unsqueeze(2).to(maps.scalar_type()),
                                              kBilinear, kZeros, /*align_corners=*/false);
  return sampled.squeeze(3).transpose(1, 2);
}

}  // namespace gyre
