// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/mask_crops.h"

#include <cmath>

#include "body/body_parts.h"
#include "core/error.h"
#include "datasets/decorators/augment.h"

namespace gyre {
namespace {

// Calls visit(i, pixel) for the crop's pixels row by row; `pixel` is the position in the picture's
// pixels of the one that the centre lies in, -1: none does.
template <typename Visitor>
void ForPixels(const ImageBuffer& picture, const CropMap& crop, Visitor&& visit) {
  GYRE_CHECK(picture.reduction == 1);
  for (int v = 0; v < crop.size_px(); ++v) {
    for (int u = 0; u < crop.size_px(); ++u) {
      const Vec2 place = crop.ImageFromCrop(Vec2(u, v));
      const double x = std::floor(place.x() + 0.5), y = std::floor(place.y() + 0.5);
      const bool inside = x >= 0 && x < picture.width && y >= 0 && y < picture.height;
      visit(size_t{static_cast<size_t>(v)} * crop.size_px() + u,
            inside ? static_cast<int64_t>(y) * picture.width + static_cast<int64_t>(x) : -1);
    }
  }
}

uint8_t MirroredPart(uint8_t part) {
  switch (part) {
    case kRightArmPart:
      return kLeftArmPart;
    case kLeftArmPart:
      return kRightArmPart;
    case kRightLegPart:
      return kLeftLegPart;
    case kLeftLegPart:
      return kRightLegPart;
    default:
      return part;
  }
}

ImageBuffer OfPicture(ImageBuffer mask, const Dataset& set, const Person& person) {
  if (person.image_width <= 0 || person.image_height <= 0 ||
      (mask.width == person.image_width && mask.height == person.image_height)) {
    return mask;
  }
  ThrowUserError(
      "data set {}, row {}: its mask has {} x {} pixels, its picture {} x {}; give a mask of the "
      "picture's size",
      set.name(), person.index, mask.width, mask.height, person.image_width, person.image_height);
}

}  // namespace

ImageBuffer LoadSilhouetteOfPicture(const Dataset& set, const Person& person) {
  return OfPicture(set.LoadSilhouette(person), set, person);
}

ImageBuffer LoadPartsOfPicture(const Dataset& set, const Person& person) {
  return OfPicture(set.LoadParts(person), set, person);
}

void WarpMask(const ImageBuffer& mask, const CropMap& crop, uint8_t* shares, uint8_t* known) {
  std::vector<uint8_t> warped(size_t{3} * crop.size_px() * crop.size_px());
  WarpToCrop(mask, crop, Augmentation(), warped.data());
  ForPixels(mask, crop, [&](size_t i, int64_t pixel) {
    shares[i] = warped[3 * i];
    known[i] = pixel >= 0 ? 255 : 0;
  });
}

void WarpParts(const ImageBuffer& parts, const CropMap& crop, uint8_t* labels) {
  GYRE_CHECK(parts.channels == 1 && parts.pixels.size() == size_t{1} * parts.width * parts.height);
  ForPixels(parts, crop, [&](size_t i, int64_t pixel) {
    const uint8_t part = pixel >= 0 ? parts.pixels[pixel] : kUnknownPart;
    labels[i] = crop.flip() ? MirroredPart(part) : part;
  });
}

}  // namespace gyre
