// SPDX-License-Identifier: Apache-2.0
// Masks of people, as `gyre fit --masks` reads them: grey pictures as large as the photograph,
// named as it, below a folder as it is below its own. For A.jpg
//   A_N.png  of the N-th person of the photograph, from 0 (gyre detect --masks): 255 the person,
//            0 not, 128 not known; any other value from 129 on is the person, below 128 not, and
//            a single 128 is the person's soft edge
//   A.png    of all its people: N + 1 the N-th, 0 nobody, 255 not known.
// Where another of the first 32 people is and this one is not seen, it is not known whether they
// are hidden there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "fitting/silhouette_field.h"
#include "person/person.h"

namespace gyre {

// UserError when it cannot be read or is not grey.
SilhouetteMask ReadPersonMask(const std::filesystem::path& path);
// Of the picture's person `place`, from 0. UserError also where none of its pixels is theirs.
SilhouetteMask ReadLabelledMask(const std::filesystem::path& path, int64_t place);

// Thread-safe.
class MaskFolder {
 public:
  // UserError when it is none.
  explicit MaskFolder(std::filesystem::path folder);

  // Empty where there is no file of that name, or the picture has none. UserError for one that
  // cannot be read, that has another size than the keypoints' picture, and where a lens bends the
  // photograph.
  std::optional<SilhouetteMask> MaskOf(const Person& person) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace gyre
