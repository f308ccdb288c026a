// SPDX-License-Identifier: Apache-2.0
#include "regressor/crop_region.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/atan2.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "core/error.h"

namespace gyre {
namespace {

// Shares of the crop's side.
constexpr double kSmallest = 0.05, kLargest = 4;

// R(angle) [B,2,2].
at::Tensor Turn(const at::Tensor& angle) {
  const at::Tensor c = angle.cos(), s = angle.sin();
  return at::stack({at::stack({c, -s}, 1), at::stack({s, c}, 1)}, 1);
}

// The turn about the camera's axis [B,3,3].
at::Tensor TurnInSpace(const at::Tensor& angle) {
  const at::Tensor c = angle.cos(), s = angle.sin(), zero = at::zeros_like(c);
  return at::stack({at::stack({c, -s, zero}, 1), at::stack({s, c, zero}, 1),
                    at::stack({zero, zero, at::ones_like(c)}, 1)},
                   1);
}

// Rows [B,N,D] turned by [B,D,D].
at::Tensor Turned(const at::Tensor& rows, const at::Tensor& turn) {
  return rows.matmul(turn.transpose(1, 2));
}

}  // namespace

CropRegion RegionAround(const at::Tensor& hips, const at::Tensor& circle, double reach,
                        const at::Tensor& wanted) {
  const at::Tensor up = circle - hips;
  const at::Tensor half_side = reach * up.norm(2, 1);
  const at::Tensor taken = wanted & half_side.isfinite() & (half_side > kSmallest) &
                           (half_side < kLargest) & hips.isfinite().all(1);
  // (0, -1) is no turn.
  const at::Tensor angle = at::atan2(up.select(1, 0), -up.select(1, 1));
  return {.center = at::where(taken.unsqueeze(1), hips, at::zeros_like(hips)),
          .half_side = at::where(taken, half_side, at::ones_like(half_side)),
          .angle = at::where(taken, angle, at::zeros_like(angle))};
}

CropRegion Within(const CropRegion& outer, const CropRegion& inner) {
  return {.center = PlacesInCrop(inner.center.unsqueeze(1), outer).squeeze(1),
          .half_side = outer.half_side * inner.half_side,
          .angle = outer.angle + inner.angle};
}

at::Tensor CutRegions(const at::Tensor& images, const CropRegion& region) {
  const at::Tensor linear = region.half_side.reshape({-1, 1, 1}) * Turn(region.angle);
  const at::Tensor map = at::cat({linear, region.center.unsqueeze(2)}, 2);
  const at::Tensor grid = at::affine_grid_generator(map, images.sizes(), /*align_corners=*/false);
  return at::grid_sampler(images, grid, /*bilinear=*/0, /*zeros=*/0, /*align_corners=*/false);
}

at::Tensor PlacesInCrop(const at::Tensor& places, const CropRegion& region) {
  return region.center.unsqueeze(1) +
         region.half_side.reshape({-1, 1, 1}) * Turned(places, Turn(region.angle));
}

Output InCrop(Output said, const CropRegion& region, const at::Tensor& pelvis) {
  int count = 0;
  said.VisitTensors([&](const char*, const at::Tensor& tensor) { count += tensor.defined(); });
  GYRE_CHECK(said.HasBody() && count == (said.expression.defined() ? 4 : 3));
  const at::Tensor root = TurnInSpace(region.angle).matmul(said.rotations.select(1, 0));
  said.rotations = at::cat({root.unsqueeze(1), said.rotations.slice(1, 1)}, 1);
  const at::Tensor scale = said.camera.narrow(1, 0, 1) * region.half_side.unsqueeze(1);
  const at::Tensor rest = pelvis.narrow(1, 0, 2);
  const at::Tensor placed = (said.camera.narrow(1, 1, 2) + rest).unsqueeze(1);
  const at::Tensor turned = Turned(placed, Turn(region.angle)).squeeze(1);
  said.camera = at::cat({scale, turned - rest + region.center / scale}, 1);
  return said;
}

}  // namespace gyre
