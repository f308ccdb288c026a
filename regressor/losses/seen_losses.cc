// SPDX-License-Identifier: Apache-2.0
// uvd, and volumes (Pavlakos et al. 2017): each heat map of a stack against a Gaussian where the
// joint should be seen, a mean over cells, so that volumes of different depth count alike. Where
// only x and y are known the volume's sum over depth is compared with a flat Gaussian, and whatever
// it says of depth is left alone.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "core/error.h"
#include "regressor/layers/volumes.h"
#include "regressor/losses/loss.h"

namespace gyre {
namespace {

at::Tensor Everyone(const at::Tensor& like) { return at::ones({like.size(0)}, like.options()); }

}  // namespace

at::Tensor VolumeCellMean(const at::Tensor& volumes, const at::Tensor& truth) {
  return (volumes - truth).square().flatten(2).mean(2);
}

Quotient UvdLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (!output.uvd.defined() || !targets.uvd.defined()) return {};
  GYRE_CHECK(output.uvd_set == targets.uvd_set);
  const at::Tensor truth = targets.uvd.to(output.uvd.scalar_type());
  const at::Tensor weight = targets.uvd_weight.to(output.uvd.scalar_type());
  // A third of a joint's weight is each number's.
  const at::Tensor denominator =
      PointDenominator(weight.flatten(1), Everyone(weight), 1, options.mean);
  return WeightedMean(output.uvd - truth, weight, denominator, options.norm);
}

Quotient VolumeLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (output.heat_maps.empty() || !targets.uvd.defined()) return {};
  GYRE_CHECK(output.uvd_set == targets.uvd_set);
  const at::Tensor& like = output.heat_maps.front();
  const at::Tensor uvd = targets.uvd.to(like.scalar_type());
  const at::Tensor place_weight = targets.uvd_weight.select(2, 0).to(like.scalar_type());
  const at::Tensor knows_depth = targets.uvd_weight.select(2, 2) > 0;
  const at::Tensor middle = at::cat({uvd.narrow(2, 0, 2), at::zeros_like(uvd.narrow(2, 2, 1))}, 2);
  at::Tensor sum;
  for (const at::Tensor& volumes : output.heat_maps) {
    const VolumeSize size = SizeOf(volumes);
    const VolumeSize flat{1, size.height, size.width};
    const at::Tensor plane = GaussianVolumes(CellsFromUvd(middle, flat, 1), flat);
    at::Tensor mean = VolumeCellMean(DepthMarginal(volumes), plane.squeeze(2));
    if (size.depth > 1) {
      const at::Tensor whole =
          GaussianVolumes(CellsFromUvd(uvd, size, output.volume_depth_m), size);
      mean = at::where(knows_depth, VolumeCellMean(volumes, whole), mean);
    }
    sum = sum.defined() ? sum + mean : mean;
  }
  const at::Tensor unseen = (place_weight > 0).logical_not();
  const at::Tensor weighted = place_weight.masked_fill(unseen, 0) * sum;
  return {weighted.sum(), PointDenominator(place_weight, Everyone(place_weight), 1, options.mean)};
}

}  // namespace gyre
