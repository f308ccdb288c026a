// SPDX-License-Identifier: Apache-2.0
#include "loop/training/mask_in_crop.h"

#include "datasets/decorators/augment.h"
#include "datasets/decorators/mask_crops.h"

namespace gyre {

std::optional<SilhouetteMask> MaskInCrop(const Dataset& set, const Person& person) {
  if (!set.HasSilhouette(person)) return std::nullopt;
  constexpr int kSide = kReferenceCropPx;
  std::vector<uint8_t> shares(size_t{kSide} * kSide), known(shares.size());
  WarpMask(LoadSilhouetteOfPicture(set, person), CropOf(person.box, kSide, Augmentation()),
           shares.data(), known.data());
  SilhouetteMask mask{kSide, kSide, std::vector<uint8_t>(shares.size())};
  for (size_t i = 0; i < shares.size(); ++i) {
    mask.pixels[i] = known[i] == 0      ? SilhouetteMask::kUnknown
                     : shares[i] >= 128 ? SilhouetteMask::kBody
                                        : SilhouetteMask::kBackground;
  }
  return mask;
}

}  // namespace gyre
