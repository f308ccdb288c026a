// SPDX-License-Identifier: Apache-2.0
// Masks and part labels of a person, in the crop: what WarpToCrop does to pictures, without what it
// does to their colours. An occluder that augmentation puts in front of a person hides nothing of
// these: they say where the person is.
#pragma once

#include "core/camera.h"
#include "datasets/dataset.h"

namespace gyre {

// Dataset::LoadSilhouette and LoadParts. UserError names the row where it has not the size of the
// person's picture, as far as that is known.
ImageBuffer LoadSilhouetteOfPicture(const Dataset& set, const Person& person);
ImageBuffer LoadPartsOfPicture(const Dataset& set, const Person& person);

// Of a mask in three channels of 0 and 255, [size,size] each: 0 to 255 for the share of each pixel
// of the crop that shows the person, and 255 where the picture says so, 0 where the pixel's centre
// lies outside of it.
void WarpMask(const ImageBuffer& mask, const CropMap& crop, uint8_t* shares, uint8_t* known);

// Of labels (body_parts.h) in one channel those at the pixels' centres [size,size], left and right
// exchanged in a mirrored crop; kUnknownPart outside of the picture.
void WarpParts(const ImageBuffer& parts, const CropMap& crop, uint8_t* labels);

}  // namespace gyre
