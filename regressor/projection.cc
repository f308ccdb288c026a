// SPDX-License-Identifier: Apache-2.0
#include "regressor/projection.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>

namespace gyre {

at::Tensor TranslationFromWeakPerspective(const at::Tensor& cam, const at::Tensor& focal_px,
                                          double size_px) {
  const at::Tensor depth = 2 * focal_px / (size_px * cam.select(1, 0) + 1e-9);
  return at::stack({cam.select(1, 1), cam.select(1, 2), depth}, 1);
}

at::Tensor ProjectPoints(const at::Tensor& points, const at::Tensor& translation,
                         const at::Tensor& focal_px, const at::Tensor& center_px) {
  const at::Tensor in_cam = points + translation.unsqueeze(1);
  const at::Tensor pixels =
      focal_px.view({-1, 1, 1}) * in_cam.narrow(2, 0, 2) / in_cam.narrow(2, 2, 1);
  return center_px.defined() ? pixels + center_px.unsqueeze(1) : pixels;
}

at::Tensor NormalizedFromPixels(const at::Tensor& points_px, double size_px) {
  return (points_px - (size_px - 1) / 2) / (size_px / 2);
}

at::Tensor PixelsFromNormalized(const at::Tensor& points, double size_px) {
  return points * (size_px / 2) + (size_px - 1) / 2;
}

}  // namespace gyre
