// SPDX-License-Identifier: Apache-2.0
#include "regressor/losses/clip_losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include "core/error.h"

namespace gyre {
namespace {

// [N-1]: over clips and frames.
at::Tensor MeanBones(const at::Tensor& joints, const at::Tensor& children,
                     const at::Tensor& parents) {
  return (joints.index_select(2, children) - joints.index_select(2, parents))
      .norm(2, 3)
      .mean(at::IntArrayRef{0, 1});
}

}  // namespace

at::Tensor MeanDistance(const at::Tensor& points, const at::Tensor& truth,
                        const at::Tensor& weight) {
  GYRE_CHECK(points.sizes() == truth.sizes());
  const at::Tensor distance = (points - truth).norm(2, -1);
  return weight.defined() ? (weight * distance).mean() : distance.mean();
}

at::Tensor BoneLengthDifference(const at::Tensor& joints, const at::Tensor& others,
                                const std::vector<int>& parents) {
  GYRE_CHECK(joints.dim() == 4 && others.dim() == 4 && others.size(2) == joints.size(2));
  GYRE_CHECK(static_cast<int64_t>(parents.size()) == joints.size(2));
  std::vector<int64_t> child, parent;
  for (size_t j = 0; j < parents.size(); ++j) {
    if (parents[j] < 0) continue;
    child.push_back(static_cast<int64_t>(j));
    parent.push_back(parents[j]);
  }
  const auto indices = [&](const std::vector<int64_t>& values) {
    return at::tensor(values, at::TensorOptions(at::kLong).device(joints.device()));
  };
  const at::Tensor children = indices(child), up = indices(parent);
  return (MeanBones(joints, children, up) - MeanBones(others, children, up)).abs().mean();
}

}  // namespace gyre
