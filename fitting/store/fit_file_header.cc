// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_file_header.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "core/descriptor.h"
#include "core/error.h"
#include "fitting/store/fit_record.h"
#include "io/json.h"

namespace gyre {
namespace {

constexpr char kMagic[8] = {'G', 'Y', 'R', 'E', 'F', 'I', 'T', 'S'};
constexpr uint32_t kSmplVersion = 1, kVersion = 2;
constexpr int64_t kMaxJsonBytes = 1 << 20;
// 10^11 samples: beyond any data set, below any overflow.
constexpr int64_t kMaxSize = 100'000'000'000;

struct Prefix {
  char magic[8];
  uint32_t version;
  uint32_t json_bytes;
  uint32_t json_crc;
};
static_assert(sizeof(Prefix) == 20);

uint32_t Crc(const std::string& bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

bool HasMagic(const Prefix& prefix) { return std::equal(kMagic, kMagic + 8, prefix.magic); }

std::vector<FitRows> ReadRows(const nlohmann::json& header, const std::string& what) {
  std::vector<FitRows> datasets;
  std::set<std::string> names;
  int64_t total = 0;
  for (const nlohmann::json& entry : JsonArray(header, "datasets", what)) {
    FitRows set{JsonString(entry, "name", what), JsonInteger(entry, "rows", what),
                JsonString(entry, "fingerprint", what)};
    if (set.rows < 0 || set.rows > kMaxSize - total || !names.insert(set.name).second) {
      ThrowUserError("{}: its list of data sets cannot be", what);
    }
    total += set.rows;
    datasets.push_back(std::move(set));
  }
  return datasets;
}

FitLayout ReadLayout(const nlohmann::json& header, uint32_t version, const std::string& what) {
  if (version == kSmplVersion && !header.contains("layout")) return SmplLayout();
  const FitLayout layout = FitLayoutFromJson(JsonField(header, "layout", what), what);
  const int64_t bytes = JsonInteger(header, "record_bytes", what);
  if (bytes != FitRecordBytes(layout)) {
    ThrowUserError("{}: its records are of {} bytes, and this gyre's of {} for {}", what, bytes,
                   FitRecordBytes(layout), layout.Describe());
  }
  return layout;
}

}  // namespace

int64_t FitFileHeader::TotalRows() const {
  int64_t total = 0;
  for (const FitRows& set : datasets) total += set.rows;
  return total;
}

std::string FormatFitFileHeader(const std::vector<FitRows>& datasets, const FitLayout& layout,
                                const std::string& what, const FitOrigin& origin) {
  CheckFitLayout(layout, what);
  if (FitFileHeader{datasets, layout, {}}.TotalRows() > kMaxSize) {
    ThrowUserError("{}: more than {} samples are too many for one file", what, kMaxSize);
  }
  nlohmann::json list = nlohmann::json::array();
  for (const FitRows& set : datasets) {
    list.push_back({{"name", set.name}, {"rows", set.rows}, {"fingerprint", set.fingerprint}});
  }
  nlohmann::json header = {
      {"datasets", list}, {"layout", ToJson(layout)}, {"record_bytes", FitRecordBytes(layout)}};
  header.update(ToJson(origin));
  const std::string json = header.dump();
  if (static_cast<int64_t>(json.size()) > kMaxJsonBytes) {
    ThrowUserError("{}: {} data sets are too many for one file of fits", what, datasets.size());
  }
  Prefix prefix{};
  std::memcpy(prefix.magic, kMagic, sizeof(kMagic));
  prefix.version = layout.IsSmpl() ? kSmplVersion : kVersion;
  prefix.json_bytes = static_cast<uint32_t>(json.size());
  prefix.json_crc = Crc(json);
  return std::string(reinterpret_cast<const char*>(&prefix), sizeof(prefix)) + json;
}

FitFileHeader ReadFitFileHeader(int fd, const std::string& what) {
  Prefix prefix{};
  if (ReadAt(fd, 0, reinterpret_cast<char*>(&prefix), sizeof(prefix)) != sizeof(prefix) ||
      !HasMagic(prefix)) {
    ThrowUserError("{}: no file of fits, as a run's fits.store is", what);
  }
  if (prefix.version != kSmplVersion && prefix.version != kVersion) {
    ThrowUserError("{}: version {} of the format, this gyre reads versions {} and {}", what,
                   prefix.version, kSmplVersion, kVersion);
  }
  std::string json(prefix.json_bytes <= kMaxJsonBytes ? prefix.json_bytes : 0, '\0');
  const auto json_bytes = static_cast<int64_t>(json.size());
  if (json.empty() || ReadAt(fd, sizeof(prefix), json.data(), json_bytes) != json_bytes ||
      Crc(json) != prefix.json_crc) {
    ThrowUserError("{}: its header is damaged; take an earlier copy", what);
  }
  const nlohmann::json header = ParseJson(json, what);
  return {ReadRows(header, what), ReadLayout(header, prefix.version, what),
          FitOriginFromJson(header, what), static_cast<int64_t>(sizeof(prefix)) + json_bytes};
}

bool StartsAsFitFile(int fd) {
  Prefix prefix{};
  return ReadAt(fd, 0, prefix.magic, sizeof(prefix.magic)) == sizeof(prefix.magic) &&
         HasMagic(prefix);
}

}  // namespace gyre
