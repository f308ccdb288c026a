// SPDX-License-Identifier: Apache-2.0
// Source of the format: PKWARE's APPNOTE.TXT, 4.3.
#include "fuzz/zip_parts.h"

#include <zlib.h>

#include <cstdint>
#include <cstring>

namespace gyre {
namespace {

constexpr uint32_t kLocalMark = 0x04034b50, kCentralMark = 0x02014b50, kEndMark = 0x06054b50;
constexpr size_t kLocalSize = 30;
constexpr uint16_t kVersion = 20, kDate = 1 << 5 | 1;  // 1 January 1980

template <typename T>
T At(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

// Numbers little endian, each as wide as its type.
template <typename... T>
std::string Fields(T... values) {
  std::string bytes;
  (bytes.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
  return bytes;
}

constexpr uint16_t kNone = 0;

}  // namespace

std::vector<ZipEntry> ZipParts(std::string_view archive) {
  std::vector<ZipEntry> parts;
  while (archive.size() >= kLocalSize && At<uint32_t>(archive, 0) == kLocalMark) {
    const size_t size = At<uint32_t>(archive, 18), name = At<uint16_t>(archive, 26);
    const size_t begin = kLocalSize + name + At<uint16_t>(archive, 28);
    const bool stored = At<uint16_t>(archive, 8) == 0;
    if (!stored || begin + size > archive.size()) break;
    parts.push_back(
        {std::string(archive.substr(kLocalSize, name)), std::string(archive.substr(begin, size))});
    archive.remove_prefix(begin + size);
  }
  return parts;
}

std::string StoredZip(const std::vector<ZipEntry>& parts) {
  std::string archive, directory;
  for (const auto& [name, content] : parts) {
    const auto crc = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(content.data()),
                                                 static_cast<uInt>(content.size())));
    const auto size = static_cast<uint32_t>(content.size());
    const auto offset = static_cast<uint32_t>(archive.size());
    // Version, flags, method, time, date, checksum, packed and whole size, name, extra field.
    const std::string common = Fields(kVersion, kNone, kNone, kNone, kDate, crc, size, size,
                                      static_cast<uint16_t>(name.size()), kNone);
    archive += Fields(kLocalMark) + common + name + content;
    // Besides: comment, disk, attributes, where the entry begins.
    directory += Fields(kCentralMark, kVersion) + common +
                 Fields(kNone, kNone, kNone, uint32_t{0}, offset) + name;
  }
  const auto count = static_cast<uint16_t>(parts.size());
  return archive + directory +
         Fields(kEndMark, kNone, kNone, count, count, static_cast<uint32_t>(directory.size()),
                static_cast<uint32_t>(archive.size()), kNone);
}

}  // namespace gyre
