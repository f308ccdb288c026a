// SPDX-License-Identifier: Apache-2.0
// FlatBuffers, read in place: tables whose fields are found through a table of offsets, vectors and
// strings. Little endian. Every offset and size is checked before it is followed, so that any bytes
// can be given; UserError, in one sentence, where they lead out of the file.
// Source: FlatBuffers' documented binary format ("FlatBuffer Internals").
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gyre {

static_assert(std::endian::native == std::endian::little);

// The file and what it is called in messages. Both outlive all that is read of them.
struct FlatFile {
  std::string_view bytes;
  std::string_view what;

  // The bytes [begin, begin + size).
  std::string_view At(uint64_t begin, uint64_t size) const;
  template <typename T>
  T Scalar(uint64_t begin) const {
    T value;
    std::memcpy(&value, At(begin, sizeof(T)).data(), sizeof(T));
    return value;
  }
};

class FlatTable;

// A vector of elements of `element_size` bytes each.
class FlatVector {
 public:
  FlatVector() = default;
  FlatVector(const FlatFile& file, uint64_t position, uint64_t element_size);

  uint32_t size() const { return size_; }
  std::string_view bytes() const { return bytes_; }
  template <typename T>
  T Scalar(uint32_t i) const {
    T value;
    std::memcpy(&value, bytes_.data() + sizeof(T) * i, sizeof(T));
    return value;
  }
  // Of a vector of tables.
  FlatTable Table(uint32_t i) const;

 private:
  const FlatFile* file_ = nullptr;
  uint64_t begin_ = 0;
  uint32_t size_ = 0;
  std::string_view bytes_;
};

// Fields are numbered as the schema lists them, from 0; a union takes two numbers, its type's
// first. A field that is absent has the schema's default.
class FlatTable {
 public:
  // The file's root; `identifier`: the four characters behind its offset.
  static FlatTable Root(const FlatFile& file, std::string_view identifier);
  FlatTable(const FlatFile& file, uint64_t position);

  template <typename T>
  T Scalar(int field, T otherwise) const {
    const uint64_t at = Position(field, sizeof(T));
    return at == 0 ? otherwise : file_->Scalar<T>(at);
  }
  std::optional<FlatTable> Table(int field) const;
  // Empty where it is absent.
  template <typename T>
  FlatVector Vector(int field) const {
    return VectorOf(field, sizeof(T));
  }
  FlatVector Tables(int field) const { return VectorOf(field, sizeof(uint32_t)); }
  std::string_view String(int field) const { return VectorOf(field, 1).bytes(); }

 private:
  uint64_t Position(int field, uint64_t size) const;  // 0: absent
  FlatVector VectorOf(int field, uint64_t element_size) const;

  const FlatFile* file_;
  uint64_t position_;
  uint64_t fields_;  // where the offsets of its fields stand
  uint16_t fields_bytes_, table_bytes_;
};

}  // namespace gyre
