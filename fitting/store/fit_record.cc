// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_record.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/error.h"
#include "fitting/store/field_values.h"
#include "fitting/store/fit_fields.h"

namespace gyre {
namespace {

static_assert(std::endian::native == std::endian::little, "records are little endian");

constexpr int64_t kSector = 512;
constexpr int64_t kCrcBytes = sizeof(uint32_t);
constexpr int64_t kSectorContent = kSector - kCrcBytes;
constexpr int64_t kFieldsBegin = 3 * sizeof(uint32_t);
constexpr int64_t kMaxContent = kMaxFitRecordBytes / kSector * kSectorContent;

// A record without the sectors' checksums, from its own on.
struct Content {
  char bytes[kMaxContent];
  int64_t size;  // of whole sectors

  explicit Content(int64_t record_bytes) : size(record_bytes / kSector * kSectorContent) {}

  // The three numbers before the fields.
  uint32_t head(int i) const {
    uint32_t value;
    std::memcpy(&value, bytes + i * sizeof(value), sizeof(value));
    return value;
  }
  void set_head(int i, uint32_t value) {
    std::memcpy(bytes + i * sizeof(value), &value, sizeof(value));
  }
  uint32_t Checksum(int64_t position) const {
    uLong crc = crc32(0, reinterpret_cast<const Bytef*>(&position), sizeof(position));
    crc = crc32(crc, reinterpret_cast<const Bytef*>(bytes) + kCrcBytes,
                static_cast<uInt>(size - kCrcBytes));
    return static_cast<uint32_t>(crc);
  }
};

// Where a field begins that comes after `end` bytes.
int64_t Aligned(int64_t end, DType type) {
  const auto size = static_cast<int64_t>(DTypeSize(type));
  return (end + size - 1) / size * size;
}

bool Fits(const FitLayout& layout, const StoredFit& fit) {
  return layout.Fits(fit.params) && fit.rotation_sd_rad.size() == layout.num_joints();
}

bool IsZero(std::span<const char> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

}  // namespace

int64_t FitRecordBytes(const FitLayout& layout) {
  int64_t end = kFieldsBegin;
  ForEachFitField([&](const FitField& field, const auto&) {
    end = Aligned(end, field.record) +
          FieldWidth(field.shape, layout) * static_cast<int64_t>(DTypeSize(field.record));
  });
  return (end + kSectorContent - 1) / kSectorContent * kSector;
}

void EncodeFitRecord(const FitRecord& record, int64_t position, std::span<char> bytes) {
  const auto record_bytes = static_cast<int64_t>(bytes.size());
  GYRE_CHECK(record_bytes % kSector == 0 && record_bytes <= kMaxFitRecordBytes);
  Content content(record_bytes);
  std::memset(content.bytes, 0, static_cast<size_t>(content.size));
  content.set_head(1, record.opening);
  content.set_head(2, record.version);
  int64_t end = kFieldsBegin;
  ForEachFitField([&](const FitField& field, const auto& get) {
    char* const to = content.bytes + Aligned(end, field.record);
    end = PutValues(field.record, get(record.fit), to) - content.bytes;
  });
  GYRE_CHECK(end <= content.size);
  const uint32_t crc = content.Checksum(position);
  content.set_head(0, crc);
  for (int64_t sector = 0; sector < record_bytes / kSector; ++sector) {
    char* const to = bytes.data() + sector * kSector;
    std::memcpy(to, content.bytes + sector * kSectorContent, kSectorContent);
    std::memcpy(to + kSectorContent, &crc, kCrcBytes);
  }
}

RecordState DecodeFitRecord(std::span<const char> bytes, int64_t position, const FitLayout& layout,
                            FitRecord* record) {
  const auto record_bytes = static_cast<int64_t>(bytes.size());
  GYRE_CHECK(record_bytes == FitRecordBytes(layout));
  Content content(record_bytes);
  bool finished = true;
  for (int64_t sector = 0; sector < record_bytes / kSector; ++sector) {
    const char* const from = bytes.data() + sector * kSector;
    std::memcpy(content.bytes + sector * kSectorContent, from, kSectorContent);
    finished = finished && std::memcmp(content.bytes, from + kSectorContent, kCrcBytes) == 0;
  }
  if (!finished) return RecordState::kUnfinished;
  if (content.head(0) != content.Checksum(position)) {
    return IsZero(bytes) ? RecordState::kEmpty : RecordState::kDamaged;
  }
  record->opening = content.head(1);
  record->version = content.head(2);
  if (!Fits(layout, record->fit)) record->fit = StoredFit(layout);
  int64_t end = kFieldsBegin;
  ForEachFitField([&](const FitField& field, const auto& get) {
    const char* const from = content.bytes + Aligned(end, field.record);
    end = TakeValues(field.record, from, get(record->fit)) - content.bytes;
  });
  // A checksum protects from accidents, not from somebody who computes it.
  return record->fit.IsSound() ? RecordState::kWhole : RecordState::kDamaged;
}

}  // namespace gyre
