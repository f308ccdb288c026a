// SPDX-License-Identifier: Apache-2.0
#include "regressor/rotation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross.h>
#include <ATen/ops/stack.h>

#include "core/error.h"

namespace gyre {
namespace {

at::Tensor Normalized(const at::Tensor& v) {
  return v / v.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
}

at::Tensor Dot(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).sum(-1, /*keepdim=*/true);
}

}  // namespace

at::Tensor RotationFromSixD(const at::Tensor& x, SixDLayout layout) {
  GYRE_CHECK(x.dim() >= 1 && x.size(-1) == 6);
  const bool spin = layout == SixDLayout::kSpin;
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = spin ? 3 : 2;
  shape.push_back(spin ? 2 : 3);
  const at::Tensor block = x.reshape(shape);
  const at::Tensor a1 = block.select(spin ? -1 : -2, 0);
  const at::Tensor a2 = block.select(spin ? -1 : -2, 1);
  const at::Tensor b1 = Normalized(a1);
  const at::Tensor b2 = Normalized(a2 - Dot(b1, a2) * b1);
  return at::stack({b1, b2, at::cross(b1, b2, -1)}, spin ? -1 : -2);
}

}  // namespace gyre
