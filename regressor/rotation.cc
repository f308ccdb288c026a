// SPDX-License-Identifier: Apache-2.0
#include "regressor/rotation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/atan2.h>
#include <ATen/ops/cross.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

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

at::Tensor AxisAngleFromRotation(const at::Tensor& rotations) {
  GYRE_CHECK(rotations.dim() >= 2 && rotations.size(-1) == 3 && rotations.size(-2) == 3);
  const auto r = [&](int i, int j) { return rotations.select(-2, i).select(-1, j); };
  const at::Tensor xx = r(0, 0), yy = r(1, 1), zz = r(2, 2);
  // Rows of 4 q qT for the unit quaternion q = (w, x, y, z): any row is a multiple of q. That of
  // the largest diagonal entry, which is 1 or more, says it best.
  const at::Tensor wx = r(2, 1) - r(1, 2), wy = r(0, 2) - r(2, 0), wz = r(1, 0) - r(0, 1),
                   xy = r(0, 1) + r(1, 0), xz = r(0, 2) + r(2, 0), yz = r(1, 2) + r(2, 1);
  const at::Tensor rows = at::stack(
      {at::stack({1 + xx + yy + zz, wx, wy, wz}, -1), at::stack({wx, 1 + xx - yy - zz, xy, xz}, -1),
       at::stack({wy, xy, 1 - xx + yy - zz, yz}, -1),
       at::stack({wz, xz, yz, 1 - xx - yy + zz}, -1)},
      -2);
  const at::Tensor best = rows.diagonal(0, -2, -1).argmax(-1, /*keepdim=*/true).unsqueeze(-1);
  std::vector<int64_t> one_row = rows.sizes().vec();
  one_row[one_row.size() - 2] = 1;
  at::Tensor q = Normalized(rows.gather(-2, best.expand(one_row)).squeeze(-2));
  q = at::where(q.narrow(-1, 0, 1) < 0, -q, q);
  const at::Tensor w = q.narrow(-1, 0, 1), v = q.narrow(-1, 1, 3);
  // angle / |v|, which is 2 / w where v vanishes.
  const at::Tensor squared = Dot(v, v);
  const at::Tensor tiny = squared < 1e-14;
  const at::Tensor sine = squared.masked_fill(tiny, 1).sqrt();
  const at::Tensor safe_w = w.masked_fill(tiny.logical_not(), 1);
  return at::where(tiny, 2 / safe_w, 2 * at::atan2(sine, w) / sine) * v;
}

at::Tensor RotationFromQuaternion(const at::Tensor& wxyz) {
  GYRE_CHECK(wxyz.size(-1) == 4);
  const at::Tensor q = wxyz / wxyz.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
  const auto product = [&](int64_t i, int64_t j) { return 2 * q.select(-1, i) * q.select(-1, j); };
  const at::Tensor xx = product(1, 1), yy = product(2, 2), zz = product(3, 3);
  const at::Tensor xy = product(1, 2), xz = product(1, 3), yz = product(2, 3);
  const at::Tensor wx = product(0, 1), wy = product(0, 2), wz = product(0, 3);
  std::vector<int64_t> shape = wxyz.sizes().vec();
  shape.back() = 3;
  shape.push_back(3);
  return at::stack({1 - yy - zz, xy - wz, xz + wy,  //
                    xy + wz, 1 - xx - zz, yz - wx,  //
                    xz - wy, yz + wx, 1 - xx - yy},
                   -1)
      .reshape(shape);
}

}  // namespace gyre
