// SPDX-License-Identifier: Apache-2.0
// Zip archives, .npz files and torch checkpoints: whole in memory, or entry by entry as streams.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

// Reads entries of an archive. Nothing is ever extracted to the disk. UserError names the archive
// and entry when something is missing, damaged, encrypted or too large.
class ZipReader {
 public:
  explicit ZipReader(const std::filesystem::path& path);
  // An archive held in memory; `what` names it in errors.
  ZipReader(std::string content, std::string what);
  ~ZipReader();
  ZipReader(ZipReader&&) noexcept;
  ZipReader& operator=(ZipReader&&) noexcept;

  const std::vector<std::string>& names() const;
  bool Has(const std::string& name) const;
  // The whole entry, its checksum verified.
  std::string Read(const std::string& name, uint64_t max_bytes = uint64_t{4} << 30) const;

 private:
  struct Archive;
  std::unique_ptr<Archive> archive_;
};

// One entry read piece by piece, the archive left on the disk. UserError as ZipReader.
class ZipEntryStream {
 public:
  ZipEntryStream(const std::filesystem::path& path, const std::string& name);
  ~ZipEntryStream();
  ZipEntryStream(ZipEntryStream&&) noexcept;

  // The next `size` bytes; fewer at the entry's end, where its checksum is verified.
  std::string Read(size_t size);

 private:
  struct Entry;
  std::unique_ptr<Entry> entry_;
};

std::vector<std::string> ZipEntryNames(const std::filesystem::path& path);

enum class ZipMethod { kStored, kDeflated };

struct ZipEntry {
  std::string name;
  std::string content;
};

// Writes an archive atomically, entries in the given order. Entries carry a fixed date, so that
// equal content gives equal bytes.
void WriteZip(const std::filesystem::path& path, const std::vector<ZipEntry>& entries,
              ZipMethod method);

// The same for entries too large for memory. `next` hands out `size` bytes piece by piece, then an
// empty piece; a piece must live until the next call. What it throws ends the writing.
struct ZipSource {
  std::string name;
  uint64_t size = 0;
  std::function<std::string_view()> next;
};
void WriteZip(const std::filesystem::path& path, std::vector<ZipSource> sources, ZipMethod method);

}  // namespace gyre
