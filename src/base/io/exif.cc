// SPDX-License-Identifier: Apache-2.0
#include "io/exif.h"

#include <algorithm>
#include <cmath>

namespace gyre {
namespace {

// TIFF's types and the bytes of one value.
enum Type : uint16_t { kShort = 3, kLong = 4, kRational = 5 };

// A TIFF structure: numbers in one of two byte orders at places that the file itself names.
class Tiff {
 public:
  explicit Tiff(std::string_view bytes) : bytes_(bytes) {
    little_ = bytes.starts_with(std::string_view("II*\0", 4));
    sound_ = little_ || bytes.starts_with(std::string_view("MM\0*", 4));
  }

  bool sound() const { return sound_; }

  // 0 behind the end.
  uint64_t Number(uint64_t at, int size) const {
    if (at > bytes_.size() || bytes_.size() - at < static_cast<size_t>(size)) return 0;
    uint64_t value = 0;
    for (int i = 0; i < size; ++i) {
      const auto byte = static_cast<uint8_t>(bytes_[at + (little_ ? size - 1 - i : i)]);
      value = value << 8 | byte;
    }
    return value;
  }

  // Calls visit(tag, type, where the value is) for the entries of the directory at a place.
  template <typename Visit>
  void ForEachEntry(uint64_t directory, Visit&& visit) const {
    if (directory == 0) return;
    const uint64_t room = directory < bytes_.size() ? (bytes_.size() - directory) / 12 : 0;
    const uint64_t count = std::min(Number(directory, 2), room);
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t entry = directory + 2 + 12 * i;
      const uint64_t type = Number(entry + 2, 2);
      if (Number(entry + 4, 4) == 0) continue;
      visit(Number(entry, 2), type, type == kRational ? Number(entry + 8, 4) : entry + 8);
    }
  }

  // The first value; 0 of other types.
  double Value(uint64_t type, uint64_t at) const {
    if (type == kShort) return static_cast<double>(Number(at, 2));
    if (type == kLong) return static_cast<double>(Number(at, 4));
    if (type != kRational) return 0;
    const auto denominator = static_cast<double>(Number(at + 4, 4));
    return denominator > 0 ? static_cast<double>(Number(at, 4)) / denominator : 0;
  }

 private:
  std::string_view bytes_;
  bool little_ = false, sound_ = false;
};

}  // namespace

Exif ParseExif(std::string_view bytes) {
  Exif exif;
  const Tiff tiff(bytes);
  if (!tiff.sound()) return exif;
  uint64_t exif_directory = 0;
  tiff.ForEachEntry(tiff.Number(4, 4), [&](uint64_t tag, uint64_t type, uint64_t at) {
    const double value = tiff.Value(type, at);
    if (tag == 256) exif.width = static_cast<int64_t>(value);
    if (tag == 257) exif.height = static_cast<int64_t>(value);
    if (tag == 322) exif.tile_width = static_cast<int64_t>(value);
    if (tag == 323) exif.tile_height = static_cast<int64_t>(value);
    if (tag == 274 && type == kShort && value >= 1 && value <= 8) {
      exif.orientation = static_cast<int>(value);
      exif.orientation_at = at;
    }
    if (tag == 0x8769) exif_directory = static_cast<uint64_t>(value);
  });
  double resolution = 0, unit_mm = 25.4;  // the unit is the inch where nothing is said
  tiff.ForEachEntry(exif_directory, [&](uint64_t tag, uint64_t type, uint64_t at) {
    const double value = tiff.Value(type, at);
    if (tag == 0x920A) exif.focal_mm = value;
    if (tag == 0xA405) exif.focal_35mm = value;
    if (tag == 0xA002) exif.taken_width = static_cast<int64_t>(value);
    if (tag == 0xA003) exif.taken_height = static_cast<int64_t>(value);
    if (tag == 0xA20E) resolution = value;
    if (tag == 0xA210) unit_mm = value == 3 ? 10 : value == 4 ? 1 : 25.4;
  });
  exif.sensor_px_per_mm = resolution / unit_mm;
  return exif;
}

double FullFrameFocalPx(double focal_mm, int width, int height) {
  const double film_mm = std::hypot(36.0, 24.0);
  return focal_mm * std::hypot(width, height) / film_mm;
}

std::optional<double> ExifFocalPx(const Exif& exif, int width, int height) {
  if (exif.focal_35mm > 0) return FullFrameFocalPx(exif.focal_35mm, width, height);
  const double taken_px = exif.focal_mm * exif.sensor_px_per_mm;
  if (!(taken_px > 0)) return std::nullopt;
  const auto longer = std::max(exif.taken_width, exif.taken_height);
  return longer > 0 ? taken_px * std::max(width, height) / static_cast<double>(longer) : taken_px;
}

}  // namespace gyre
