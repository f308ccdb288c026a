// SPDX-License-Identifier: Apache-2.0
// Zip archives in memory: .npz files and torch checkpoints.
#pragma once

#include <cstdint>
#include <filesystem>
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

enum class ZipMethod { kStored, kDeflated };

struct ZipEntry {
  std::string name;
  std::string content;
};

// Writes an archive atomically, entries in the given order. Entries carry a fixed date, so that
// equal content gives equal bytes.
void WriteZip(const std::filesystem::path& path, const std::vector<ZipEntry>& entries,
              ZipMethod method);

}  // namespace gyre
