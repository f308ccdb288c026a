// SPDX-License-Identifier: Apache-2.0
// A camera with a lens, as Human3.6M's were calibrated. Of a point (X, Y, Z) in camera axes,
// metres,
//   q = (X, Y) / Z,  r^2 = |q|^2
//   x = f * (q (1 + k1 r^2 + k2 r^4 + k3 r^6 + p . q) + p r^2) + c
// where q is held within [-1, 1], beyond which the polynomial is of no lens, and gives no gradient.
// f, c and x are in one unit: pixels, or the picture's own of ScreenFromPixels.
#pragma once

#include <ATen/core/Tensor.h>

namespace gyre {

// points [B,...,3], camera [B,9] = fx fy cx cy k1 k2 k3 p1 p2 -> [B,...,2].
at::Tensor ProjectThroughLens(const at::Tensor& points, const at::Tensor& camera);
// Without the lens' distortion: camera [B,4] or more.
at::Tensor ProjectPinhole(const at::Tensor& points, const at::Tensor& camera);

// Pixels [...,2] of a picture to the unit in which its width is [-1,1] and its height [-h/w, h/w].
at::Tensor ScreenFromPixels(const at::Tensor& px, double width_px, double height_px);
at::Tensor PixelsFromScreen(const at::Tensor& screen, double width_px, double height_px);

}  // namespace gyre
