// SPDX-License-Identifier: Apache-2.0
#include "io/flatbuffer.h"

#include "core/error.h"

namespace gyre {
namespace {

constexpr uint64_t kOffsetBytes = sizeof(uint32_t);
constexpr uint64_t kFieldsHeaderBytes = 2 * sizeof(uint16_t);  // sizes of itself and of its table

}  // namespace

std::string_view FlatFile::At(uint64_t begin, uint64_t size) const {
  if (begin > bytes.size() || size > bytes.size() - begin) {
    ThrowUserError(
        "{} is damaged: byte {} and the {} behind it lie outside its {} bytes; get it anew", what,
        begin, size, bytes.size());
  }
  return bytes.substr(begin, size);
}

FlatVector::FlatVector(const FlatFile& file, uint64_t position, uint64_t element_size)
    : file_(&file),
      begin_(position + kOffsetBytes),
      size_(file.Scalar<uint32_t>(position)),
      bytes_(file.At(begin_, size_ * element_size)) {}

FlatTable FlatVector::Table(uint32_t i) const {
  return {*file_, begin_ + kOffsetBytes * i + Scalar<uint32_t>(i)};
}

FlatTable FlatTable::Root(const FlatFile& file, std::string_view identifier) {
  const auto is = [&](uint64_t begin) {
    return file.bytes.size() >= begin + identifier.size() &&
           file.bytes.substr(begin, identifier.size()) == identifier;
  };
  if (!is(kOffsetBytes)) {
    ThrowUserError("{} is no file of the kind '{}': its bytes 4 to 7 say otherwise", file.what,
                   identifier);
  }
  return {file, file.Scalar<uint32_t>(0)};
}

FlatTable::FlatTable(const FlatFile& file, uint64_t position) : file_(&file), position_(position) {
  const int64_t fields = static_cast<int64_t>(position) - file.Scalar<int32_t>(position);
  // A negative place is beyond any file's end.
  fields_ = static_cast<uint64_t>(fields);
  fields_bytes_ = file.Scalar<uint16_t>(fields_);
  table_bytes_ = file.Scalar<uint16_t>(fields_ + sizeof(uint16_t));
  file.At(fields_, fields_bytes_);
  file.At(position_, table_bytes_);
}

uint64_t FlatTable::Position(int field, uint64_t size) const {
  const uint64_t entry = kFieldsHeaderBytes + sizeof(uint16_t) * static_cast<uint64_t>(field);
  if (entry + sizeof(uint16_t) > fields_bytes_) return 0;
  const auto offset = file_->Scalar<uint16_t>(fields_ + entry);
  if (offset == 0) return 0;
  if (offset + size > table_bytes_) {
    ThrowUserError(
        "{} is damaged: field {} of the table at byte {} lies outside of it; get it anew",
        file_->what, field, position_);
  }
  return position_ + offset;
}

std::optional<FlatTable> FlatTable::Table(int field) const {
  const uint64_t at = Position(field, kOffsetBytes);
  if (at == 0) return std::nullopt;
  return FlatTable(*file_, at + file_->Scalar<uint32_t>(at));
}

FlatVector FlatTable::VectorOf(int field, uint64_t element_size) const {
  const uint64_t at = Position(field, kOffsetBytes);
  if (at == 0) return {};
  return {*file_, at + file_->Scalar<uint32_t>(at), element_size};
}

}  // namespace gyre
