// SPDX-License-Identifier: Apache-2.0
// Cameras as tensors. Frames and units as in core/camera.h: x right, y down, z forward, pixel
// centres at integers, so the middle of a crop of `size_px` is (size_px - 1) / 2.
#pragma once

#include <ATen/core/Tensor.h>

namespace gyre {

// Weak-perspective cam [B,3] = (s, tx, ty) -> translation [B,3] = (tx, ty, 2 f / (size_px s +
// 1e-9)). focal_px [B], of the crop. Source: SPIN.
at::Tensor TranslationFromWeakPerspective(const at::Tensor& cam, const at::Tensor& focal_px,
                                          double size_px);

// points [B,N,3], translation [B,3] metres, focal_px [B], center_px [B,2] or undefined for (0,0)
// -> pixels [B,N,2].
at::Tensor ProjectPoints(const at::Tensor& points, const at::Tensor& translation,
                         const at::Tensor& focal_px, const at::Tensor& center_px = {});

// Crop pixels <-> [-1,1], the unit of the 2D loss: x_norm = (x - (size_px - 1) / 2) / (size_px /
// 2).
at::Tensor NormalizedFromPixels(const at::Tensor& points_px, double size_px);
at::Tensor PixelsFromNormalized(const at::Tensor& points, double size_px);

}  // namespace gyre
