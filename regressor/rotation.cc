// SPDX-License-Identifier: Apache-2.0
#include "regressor/rotation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/atan2.h>
#include <ATen/ops/cross.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "core/error.h"

namespace gyre {
namespace {

at::Tensor Normalized(const at::Tensor& v) {
  return v / v.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
}

at::Tensor Dot(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).sum(-1, /*keepdim=*/true);
}

// The vector of a matrix's antisymmetric part: Vee(Hat(w)) = w.
at::Tensor Vee(const at::Tensor& m) {
  const auto entry = [&](int row, int col) {
    return (m.select(-2, row).select(-1, col) - m.select(-2, col).select(-1, row)) / 2;
  };
  return at::stack({entry(2, 1), entry(0, 2), entry(1, 0)}, -1);
}

at::Tensor Hat(const at::Tensor& w) {
  const at::Tensor x = w.select(-1, 0), y = w.select(-1, 1), z = w.select(-1, 2);
  const at::Tensor zero = at::zeros_like(x);
  std::vector<int64_t> shape = w.sizes().vec();
  shape.push_back(3);
  return at::stack({zero, -z, y, z, zero, -x, -y, x, zero}, -1).reshape(shape);
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

at::Tensor RotationFromAxisAngle(const at::Tensor& w) {
  GYRE_CHECK(w.dim() >= 1 && w.size(-1) == 3);
  // sin(a)/a and (1 - cos(a))/a^2, by their series near zero. The root never sees a zero there.
  const at::Tensor a2 = Dot(w, w).unsqueeze(-1);
  const at::Tensor small = a2 < 1e-8;
  const at::Tensor a = at::where(small, at::ones_like(a2), a2).sqrt();
  const at::Tensor half_sinc = (a / 2).sin() / a;
  const at::Tensor s = at::where(small, 1 - a2 / 6, a.sin() / a);
  const at::Tensor c = at::where(small, 0.5 - a2 / 24, 2 * half_sinc * half_sinc);
  const at::Tensor hat = Hat(w);
  return at::eye(3, w.options()) + s * hat + c * at::matmul(hat, hat);
}

at::Tensor AxisAngleFromRotation(const at::Tensor& R) {
  GYRE_CHECK(R.dim() >= 2 && R.size(-1) == 3 && R.size(-2) == 3);
  const at::Tensor source = R.detach().to(at::kCPU, at::kDouble).contiguous();
  at::Tensor out = at::empty(R.sizes().slice(0, R.dim() - 1), source.options());
  const double* in = source.data_ptr<double>();
  double* w = out.data_ptr<double>();
  for (int64_t i = 0; i < out.numel() / 3; ++i) {
    const Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>> matrix(in + 9 * i);
    Eigen::Map<Vec3>(w + 3 * i) = LogSO3(matrix);
  }
  return out.to(R.options().requires_grad(false));
}

at::Tensor GeodesicAngle(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor difference = at::matmul(a.transpose(-2, -1), b);
  const at::Tensor cosine = (difference.diagonal(0, -2, -1).sum(-1) - 1) / 2;
  return at::atan2(Vee(difference).norm(2, -1), cosine);
}

}  // namespace gyre
