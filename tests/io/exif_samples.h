// SPDX-License-Identifier: Apache-2.0
// EXIF built by hand from TIFF's description, for the tests of whoever reads pictures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gyre {

class TiffBytes {
 public:
  explicit TiffBytes(bool little) : little_(little) {
    using std::string_literals::operator""s;
    bytes_ = little ? "II*\0"s : "MM\0*"s;
    Add(8, 4);  // where the first directory is
  }

  TiffBytes& Add(uint64_t value, int size) {
    for (int i = 0; i < size; ++i) {
      bytes_ += static_cast<char>(value >> 8 * (little_ ? i : size - 1 - i) & 0xFF);
    }
    return *this;
  }

  struct Entry {
    uint16_t tag;
    uint16_t type;   // 3: 16 bits, 4: 32 bits, 5: a fraction
    uint32_t value;  // of a fraction: where it is
  };
  TiffBytes& Directory(const std::vector<Entry>& entries) {
    Add(entries.size(), 2);
    for (const auto& [tag, type, value] : entries) {
      Add(tag, 2).Add(type, 2).Add(1, 4);
      if (type == 3) Add(value, 2).Add(0, 2);
      if (type != 3) Add(value, 4);
    }
    return Add(0, 4);  // no next directory
  }

  const std::string& bytes() const { return bytes_; }

 private:
  bool little_;
  std::string bytes_;
};

// Of that orientation and, unless 0, that full-frame equivalent of the focal length.
inline std::string ExifBytes(int orientation, int focal_35mm = 0, bool little = false) {
  TiffBytes tiff(little);
  if (focal_35mm == 0) {
    return tiff.Directory({{274, 3, static_cast<uint32_t>(orientation)}}).bytes();
  }
  // 8 bytes before, the directory's 2 + 2 * 12 + 4, then that of EXIF.
  tiff.Directory({{274, 3, static_cast<uint32_t>(orientation)}, {0x8769, 4, 38}});
  return tiff.Directory({{0xA405, 3, static_cast<uint32_t>(focal_35mm)}}).bytes();
}

// A JPEG with that EXIF behind its first two bytes.
inline std::string JpegWithExif(const std::string& jpeg, const std::string& exif) {
  using std::string_literals::operator""s;
  const size_t length = 2 + 6 + exif.size();
  std::string segment = "\xFF\xE1";
  segment += static_cast<char>(length >> 8);
  segment += static_cast<char>(length & 0xFF);
  return jpeg.substr(0, 2) + segment + "Exif\0\0"s + exif + jpeg.substr(2);
}

}  // namespace gyre
