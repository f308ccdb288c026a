// SPDX-License-Identifier: Apache-2.0
// A square within a crop, placed, sized and turned, that a network looks at in the crop's place;
// and what it says of that square, said of the crop. Places are in [-1,1] of either.
//   p = c + h R(a) q,   c, h, a: `center`, `half_side`, `angle`; q in the region, p in the crop
#pragma once

#include <ATen/core/Tensor.h>

#include "regressor/output.h"

namespace gyre {

// The whole crop, and where `wanted` [B] is, the region upright around a body: centred at its hips
// [B,2], `reach` times as far to each side as a point [B,2] on the circle around the whole body,
// which is straight up in it. A region too small to show anything, or far larger than the crop, is
// the whole crop.
CropRegion RegionAround(const at::Tensor& hips, const at::Tensor& circle, double reach,
                        const at::Tensor& wanted);
// That region of a region of the crop, as one of the crop.
CropRegion Within(const CropRegion& outer, const CropRegion& inner);

// The regions of images [B,C,S,S], as large; zero where the image ends.
at::Tensor CutRegions(const at::Tensor& images, const CropRegion& region);

// Of places [B,N,2] in the region.
at::Tensor PlacesInCrop(const at::Tensor& places, const CropRegion& region);

// A body and its camera that were said of the region, of the crop; nothing else may be said. The
// body is turned about the camera's axis. As its root turns about the pelvis, which rests at
// `pelvis` [B,3], and the camera moves the body's origin,
//   s = h s',   t = R (t' + pelvis) - pelvis + c / s,
// exact where depth within a body does not count, which is what these cameras mean.
Output InCrop(Output said, const CropRegion& region, const at::Tensor& pelvis);

}  // namespace gyre
