// SPDX-License-Identifier: Apache-2.0
// Losses of people with masks. Over the pixels p whose truth t is known, of a sample that has any:
//   silhouette         mean over samples of 1 - sum_p min(s, t) / sum_p max(s, t)
//   silhouette_pixels  mean over pixels of |s - t|^2 (Pavlakos et al. 2018: of their render loss
//                      the second half, beside keypoints that weigh ten times as much)
//   parts              the first, mean over the parts of samples that show in either picture
//   mask               mean over cells of the cross entropy of "this is the person", summed over
//   the
//                      stack; the truth of a cell is the mean over its known pixels (Human2D of
//                      Pavlakos et al. 2018)
// s is the drawn body. Of pictures in {0, 1} the first is 1 - intersection / union; it is zero
// where s = t, also between 0 and 1, which the forms with products are not.
#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>

#include "body/body_parts.h"
#include "core/error.h"
#include "regressor/losses/loss.h"

namespace gyre {
namespace {

constexpr double kNoPixel = 1e-6;  // an area that is none

// Of pictures [B,...,S,S] and known pixels that broadcast: the mean over all but the last two axes,
// where anything shows, of one less the overlap.
Quotient OverlapLoss(const at::Tensor& drawn, const at::Tensor& truth, const at::Tensor& known) {
  const at::Tensor unknown = (known > 0).logical_not();
  const at::Tensor s = drawn.masked_fill(unknown, 0), t = truth.masked_fill(unknown, 0);
  const at::Tensor either = at::maximum(s, t).sum({-2, -1}), both = at::minimum(s, t).sum({-2, -1});
  const at::Tensor shows = (either > kNoPixel).detach();
  const at::Tensor apart = 1 - both / either.clamp_min(kNoPixel);
  const at::Tensor counts = shows.to(drawn.scalar_type());
  return {(apart * counts).sum(), counts.sum()};
}

}  // namespace

Quotient SilhouetteLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (options.silhouette == 0 || !output.silhouette.defined() || !targets.mask.defined()) return {};
  GYRE_CHECK(output.silhouette.sizes() == targets.mask.sizes());
  return OverlapLoss(output.silhouette, targets.mask.to(output.silhouette.scalar_type()),
                     targets.mask_known);
}

Quotient SilhouettePixelLoss(const Output& output, const Targets& targets,
                             const LossOptions& options) {
  if (options.silhouette_pixels == 0 || !output.silhouette.defined() || !targets.mask.defined()) {
    return {};
  }
  GYRE_CHECK(output.silhouette.sizes() == targets.mask.sizes());
  const at::Tensor known = (targets.mask_known > 0).to(output.silhouette.scalar_type());
  return WeightedMean(output.silhouette - targets.mask.to(known.scalar_type()), known, known.sum(),
                      options.norm);
}

Quotient PartLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (options.parts == 0 || !output.part_maps.defined() || !targets.parts.defined()) return {};
  const at::Tensor& maps = output.part_maps;
  const at::Tensor shown = targets.parts.unsqueeze(1);
  GYRE_CHECK(maps.dim() == 4 && maps.size(0) == shown.size(0) && maps.size(2) == shown.size(2));
  const at::Tensor part =
      at::arange(1, maps.size(1) + 1, shown.options()).view({1, maps.size(1), 1, 1});
  return OverlapLoss(maps, (shown == part).to(maps.scalar_type()), shown != kUnknownPart);
}

Quotient MaskLoss(const Output& output, const Targets& targets, const LossOptions& options) {
  if (options.mask == 0 || output.masks.empty() || !targets.mask.defined()) return {};
  Quotient sum;
  for (const at::Tensor& said : output.masks) {
    const auto at_cells = [&](const at::Tensor& pixels) {
      return at::adaptive_avg_pool2d(pixels.unsqueeze(1), {said.size(2), said.size(3)}).squeeze(1);
    };
    const at::Tensor is_known = (targets.mask_known > 0).to(said.scalar_type());
    const at::Tensor unknown = is_known == 0;
    const at::Tensor known = at_cells(is_known);
    const at::Tensor person =
        at_cells(targets.mask.to(said.scalar_type()).masked_fill(unknown, 0));  // times known
    const at::Tensor log_share = at::log_softmax(said, 1);
    const at::Tensor entropy =
        -(person * log_share.select(1, 1) + (known - person) * log_share.select(1, 0)).sum();
    sum.numerator = sum.defined() ? sum.numerator + entropy : entropy;
    sum.denominator = known.sum();
  }
  return sum;
}

}  // namespace gyre
