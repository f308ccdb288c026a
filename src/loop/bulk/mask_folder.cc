// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/mask_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "datasets/person_picture.h"
#include "datasets/picture_lookup.h"
#include "io/image.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// What the pixels say, `value_of` each.
template <typename Value>
SilhouetteMask MaskFrom(const fs::path& path, const Value& value_of) {
  const cv::Mat picture = ReadImage(path);
  SilhouetteMask mask{picture.cols, picture.rows, {}};
  mask.pixels.reserve(picture.total());
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      const auto& bgr = picture.at<cv::Vec3b>(y, x);
      if (bgr[0] != bgr[1] || bgr[1] != bgr[2]) {
        ThrowUserError(
            "{}: is no mask, its pixel ({}, {}) has a colour; masks are grey: "
            "docs/silhouettes.md",
            path.string(), x, y);
      }
      mask.pixels.push_back(value_of(bgr[0]));
    }
  }
  return mask;
}

// The photograph's name without its ending, as a path that stays below the folder of masks.
fs::path NameOfMasks(const Person& person) {
  std::string name = person.image_name.empty() ? person.image : person.image_name;
  std::ranges::replace(name, '\\', '/');
  fs::path path = fs::path(name).lexically_normal();
  if (path.is_absolute() || path.empty() || *path.begin() == "..") path = path.filename();
  return path.parent_path() / path.stem();
}

// A pixel that alone says that it does not know is of a soft edge, half way.
void SettleLonePixels(SilhouetteMask* mask) {
  const std::vector<uint8_t> said = mask->pixels;
  const auto unknown = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < mask->width && y < mask->height &&
           said[static_cast<size_t>(y) * mask->width + x] == SilhouetteMask::kUnknown;
  };
  for (int y = 0; y < mask->height; ++y) {
    for (int x = 0; x < mask->width; ++x) {
      if (!unknown(x, y) || unknown(x - 1, y) || unknown(x + 1, y) || unknown(x, y - 1) ||
          unknown(x, y + 1)) {
        continue;
      }
      mask->pixels[static_cast<size_t>(y) * mask->width + x] = SilhouetteMask::kBody;
    }
  }
}

// Where another person's mask shows them, what is not of this one may be hidden. Masks that cannot
// be used are told of where they are somebody's own.
void ForgetBehind(const fs::path& other, SilhouetteMask* mask) {
  SilhouetteMask before;
  try {
    before = ReadPersonMask(other);
  } catch (const UserError&) {
    return;
  }
  if (before.width != mask->width || before.height != mask->height) return;
  for (size_t i = 0; i < mask->pixels.size(); ++i) {
    if (before.pixels[i] == SilhouetteMask::kBody &&
        mask->pixels[i] == SilhouetteMask::kBackground) {
      mask->pixels[i] = SilhouetteMask::kUnknown;
    }
  }
}

// The size that the keypoints' picture has; zero where nobody knows.
std::pair<int, int> SizeOf(const Person& person) {
  if (person.image_width > 0) return {person.image_width, person.image_height};
  if (person.image_path.empty()) return {0, 0};
  try {
    const PictureOfPerson picture = InspectPersonPicture(person);
    return {picture.width, picture.height};
  } catch (const UserError&) {
    return {0, 0};  // who looks at the picture says why
  }
}

}  // namespace

SilhouetteMask ReadPersonMask(const fs::path& path) {
  SilhouetteMask mask = MaskFrom(path, [](uint8_t value) {
    if (value == SilhouetteMask::kUnknown) return SilhouetteMask::kUnknown;
    return value > SilhouetteMask::kUnknown ? SilhouetteMask::kBody : SilhouetteMask::kBackground;
  });
  SettleLonePixels(&mask);
  return mask;
}

SilhouetteMask ReadLabelledMask(const fs::path& path, int64_t place) {
  constexpr int64_t kMostPeople = 254;
  if (place < 0 || place >= kMostPeople) {
    ThrowUserError(
        "{}: one picture for all holds at most {} people; give a mask a person, {}_{}.png",
        path.string(), kMostPeople, path.stem().string(), place);
  }
  SilhouetteMask mask = MaskFrom(path, [&](uint8_t value) {
    if (value == place + 1) return SilhouetteMask::kBody;
    return value == 0 ? SilhouetteMask::kBackground : SilhouetteMask::kUnknown;
  });
  if (std::ranges::find(mask.pixels, SilhouetteMask::kBody) == mask.pixels.end()) {
    ThrowUserError("{}: no pixel has the value {} of the person {}", path.string(), place + 1,
                   place);
  }
  return mask;
}

MaskFolder::MaskFolder(fs::path folder) : folder_(std::move(folder)) {
  if (!fs::is_directory(folder_)) {
    ThrowUserError("--masks {}: is no folder; gyre detect --masks writes one", folder_.string());
  }
}

std::optional<SilhouetteMask> MaskFolder::MaskOf(const Person& person) const {
  const fs::path name = NameOfMasks(person);
  if (name.empty() || person.place < 0) return std::nullopt;
  const auto named = [&](const std::string& ending) {
    return FindPictureFile(folder_ / (name.string() + ending));
  };
  const fs::path own = named(fmt::format("_{}.png", person.place));
  const fs::path all = own.empty() ? named(".png") : fs::path();
  if (own.empty() && all.empty()) return std::nullopt;
  const Lens* lens = person.frame_of_picture.lens.get();
  if (lens != nullptr && !lens->IsPinhole()) {
    ThrowUserError(
        "{}: the photograph is bent by its lens, and masks are not straightened; "
        "straighten both, and leave the lens' distortion out",
        (own.empty() ? all : own).string());
  }
  SilhouetteMask mask = own.empty() ? ReadLabelledMask(all, person.place) : ReadPersonMask(own);
  const auto [width, height] = SizeOf(person);
  if (width > 0 && (mask.width != width || mask.height != height)) {
    ThrowUserError(
        "{}: has {} x {} pixels, but the keypoints are of a picture of {} x {}; give the "
        "mask of that picture",
        (own.empty() ? all : own).string(), mask.width, mask.height, width, height);
  }
  constexpr int64_t kMostOthers = 32;
  for (int64_t place = 0; place < kMostOthers && !own.empty(); ++place) {
    if (place == person.place) continue;
    const fs::path other = named(fmt::format("_{}.png", place));
    if (!other.empty()) ForgetBehind(other, &mask);
  }
  return mask;
}

}  // namespace gyre
