// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/lens.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include "core/error.h"

namespace gyre {
namespace {

// Columns [first, first + count) of a camera, as they broadcast over the points.
at::Tensor Columns(const at::Tensor& camera, const at::Tensor& points, int64_t first,
                   int64_t count) {
  std::vector<int64_t> shape(points.dim(), 1);
  shape[0] = camera.size(0);
  shape.back() = count;
  return camera.narrow(1, first, count).reshape(shape);
}

at::Tensor Held(const at::Tensor& points) {
  GYRE_CHECK(points.dim() >= 2 && points.size(-1) == 3);
  return (points.narrow(-1, 0, 2) / points.narrow(-1, 2, 1)).clamp(-1, 1);
}

// (1, h / w): what the middle of the picture is from its corner, in screen units.
at::Tensor Middle(const at::Tensor& like, double width_px, double height_px) {
  return at::tensor({1.0, height_px / width_px}, like.options());
}

}  // namespace

at::Tensor ProjectThroughLens(const at::Tensor& points, const at::Tensor& camera) {
  GYRE_CHECK(camera.dim() == 2 && camera.size(1) == 9 && camera.size(0) == points.size(0));
  const at::Tensor q = Held(points), p = Columns(camera, points, 7, 2);
  const at::Tensor r2 = (q * q).sum(-1, /*keepdim=*/true);
  const auto k = [&](int64_t i) { return Columns(camera, points, 4 + i, 1); };
  const at::Tensor radial = 1 + r2 * (k(0) + r2 * (k(1) + r2 * k(2)));
  const at::Tensor bent = q * (radial + (p * q).sum(-1, true)) + p * r2;
  return Columns(camera, points, 0, 2) * bent + Columns(camera, points, 2, 2);
}

at::Tensor ProjectPinhole(const at::Tensor& points, const at::Tensor& camera) {
  GYRE_CHECK(camera.dim() == 2 && camera.size(1) >= 4 && camera.size(0) == points.size(0));
  return Columns(camera, points, 0, 2) * Held(points) + Columns(camera, points, 2, 2);
}

at::Tensor ScreenFromPixels(const at::Tensor& px, double width_px, double height_px) {
  return px * (2 / width_px) - Middle(px, width_px, height_px);
}

at::Tensor PixelsFromScreen(const at::Tensor& screen, double width_px, double height_px) {
  return (screen + Middle(screen, width_px, height_px)) * (width_px / 2);
}

}  // namespace gyre
