// SPDX-License-Identifier: Apache-2.0
#include "regressor/losses/loss.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <vector>

namespace gyre {

at::Tensor Penalty(const at::Tensor& difference, LossNorm norm) {
  return norm == LossNorm::kL1 ? difference.abs() : difference * difference;
}

Quotient WeightedMean(const at::Tensor& difference, const at::Tensor& weight,
                      const at::Tensor& denominator, LossNorm norm) {
  const at::Tensor unobserved = (weight > 0).logical_not();
  const at::Tensor kept = difference.masked_fill(unobserved, 0);
  const at::Tensor weights = weight.masked_fill(unobserved, 0);
  return {(weights * Penalty(kept, norm)).sum(), denominator};
}

at::Tensor PointDenominator(const at::Tensor& confidence, const at::Tensor& mask,
                            int64_t coordinates, LossMean mean) {
  if (mean == LossMean::kAll) return mask.sum() * (confidence.size(1) * coordinates);
  const at::Tensor weight = confidence * mask.unsqueeze(1);
  return weight.masked_fill((weight > 0).logical_not(), 0).sum() * coordinates;
}

Quotient SampleMean(const at::Tensor& prediction, const at::Tensor& truth, const at::Tensor& valid,
                    LossNorm norm) {
  if (!prediction.defined() || !truth.defined()) return {};
  const at::Tensor mask = (valid > 0).to(prediction.scalar_type());
  std::vector<int64_t> shape(static_cast<size_t>(prediction.dim()), 1);
  shape[0] = mask.size(0);
  const int64_t entries = prediction.numel() / std::max<int64_t>(prediction.size(0), 1);
  return WeightedMean(prediction - truth, mask.reshape(shape), mask.sum() * entries, norm);
}

}  // namespace gyre
