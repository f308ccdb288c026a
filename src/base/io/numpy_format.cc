// SPDX-License-Identifier: Apache-2.0
#include "io/numpy_format.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "core/error.h"
#include "io/utf8.h"

namespace gyre {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 40;
constexpr int64_t kMaxStrings = int64_t{1} << 24;
constexpr int64_t kMaxEmptyStrings = 1 << 16;  // they take no byte of the file, but of memory
constexpr size_t kMaxRank = 32;                // numpy's own limit

std::optional<DType> NumericDType(const NumpyType& type) {
  const auto pick = [&](DType d1, DType d2, DType d4, DType d8) -> std::optional<DType> {
    switch (type.item_bytes) {
      case 1:
        return d1;
      case 2:
        return d2;
      case 4:
        return d4;
      case 8:
        return d8;
      default:
        return std::nullopt;
    }
  };
  switch (type.kind) {
    case 'b':
      return type.item_bytes == 1 ? std::optional(DType::kBool) : std::nullopt;
    case 'i':
      return pick(DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64);
    case 'u':
      return pick(DType::kUInt8, DType::kUInt16, DType::kUInt32, DType::kUInt64);
    case 'f':
      if (type.item_bytes == 1) return std::nullopt;
      return pick(DType::kFloat16, DType::kFloat16, DType::kFloat32, DType::kFloat64);
    default:
      return std::nullopt;
  }
}

void SwapBytes(std::string& bytes, size_t unit) {
  for (size_t i = 0; i + unit <= bytes.size(); i += unit) {
    std::reverse(bytes.begin() + static_cast<int64_t>(i),
                 bytes.begin() + static_cast<int64_t>(i + unit));
  }
}

// One fixed-width string: zero padding at its end is not part of it.
std::string StringItem(char kind, std::string_view raw, const std::string& what) {
  if (kind == 'S') return Utf8FromBytes(raw.substr(0, raw.find_last_not_of('\0') + 1));
  std::string text;
  size_t end = 0;
  for (size_t i = 0; i + 4 <= raw.size(); i += 4) {
    uint32_t code = 0;
    for (size_t k = 0; k < 4; ++k) code |= uint32_t{static_cast<uint8_t>(raw[i + k])} << (8 * k);
    if (!AppendUtf8(text, code)) {
      ThrowUserError("{}: the text array holds {:#x}, which is no Unicode character", what, code);
    }
    if (code != 0) end = text.size();
  }
  text.resize(end);
  return text;
}

}  // namespace

NumpyType ParseNumpyType(std::string_view description, const std::string& what) {
  NumpyType type;
  std::string_view rest = description;
  if (!rest.empty() && std::string_view("<>|=").find(rest[0]) != std::string_view::npos) {
    type.big_endian = rest[0] == '>';
    rest.remove_prefix(1);
  }
  bool known = rest.size() >= 2;
  if (known) {
    type.kind = rest[0];
    const auto [end, error] =
        std::from_chars(rest.data() + 1, rest.data() + rest.size(), type.item_bytes);
    known = error == std::errc() && end == rest.data() + rest.size() && type.item_bytes >= 0 &&
            type.item_bytes <= 1 << 20;
  }
  if (!rest.empty() && rest[0] == 'O') {
    ThrowUserError(
        "{}: holds Python objects (numpy type '{}'), which are pickles; save it again as an array "
        "of numbers or strings",
        what, description);
  }
  if (known && type.kind == 'U') {
    type.item_bytes *= 4;
  } else if (!known || (type.kind != 'S' && !NumericDType(type))) {
    ThrowUserError("{}: has numpy type '{}', expected booleans, integers, floats or strings", what,
                   description.substr(0, 40));
  }
  return type;
}

int64_t CheckedElementCount(const std::vector<int64_t>& shape, const std::string& what) {
  if (shape.size() > kMaxRank) {
    ThrowUserError("{}: has {} dimensions, expected at most {}", what, shape.size(), kMaxRank);
  }
  // Extents are bounded one by one even beside a zero, so that no later product can overflow.
  int64_t count = 1, bound = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || extent > kMaxElements || (extent > 0 && bound > kMaxElements / extent)) {
      ThrowUserError("{}: declares the impossible shape ({})", what, fmt::join(shape, ", "));
    }
    count *= extent;
    bound *= std::max<int64_t>(extent, 1);
  }
  return count;
}

NdArray ArrayFromNumpyBytes(const NumpyType& type, std::vector<int64_t> shape, bool fortran_order,
                            std::string_view raw, const std::string& what) {
  const int64_t count = CheckedElementCount(shape, what);
  const bool text = type.kind == 'U' || type.kind == 'S';
  const int64_t most_strings = type.item_bytes == 0 ? kMaxEmptyStrings : kMaxStrings;
  if (text && count > most_strings) {
    ThrowUserError("{}: holds {} strings, expected at most {}", what, count, most_strings);
  }
  const bool sized =
      type.item_bytes == 0
          ? raw.empty()
          : raw.size() / static_cast<uint64_t>(type.item_bytes) == static_cast<uint64_t>(count) &&
                raw.size() % static_cast<uint64_t>(type.item_bytes) == 0;
  if (!sized) {
    ThrowUserError("{}: declares {} elements of {} bytes but holds {} bytes; the file is damaged",
                   what, count, type.item_bytes, raw.size());
  }
  NdArray array;
  array.shape = std::move(shape);
  std::string bytes = fortran_order && array.shape.size() > 1
                          ? COrderFromFortran(raw, array.shape, type.item_bytes)
                          : std::string(raw);
  if (type.big_endian && type.kind != 'S') {
    SwapBytes(bytes, type.kind == 'U' ? 4 : static_cast<size_t>(type.item_bytes));
  }
  if (!text) {
    array.dtype = *NumericDType(type);
    array.bytes = std::move(bytes);
    return array;
  }
  array.dtype = DType::kString;
  array.strings.reserve(static_cast<size_t>(count));
  const auto width = static_cast<size_t>(type.item_bytes);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    array.strings.push_back(
        StringItem(type.kind, std::string_view(bytes).substr(i * width, width), what));
  }
  return array;
}

std::string COrderFromFortran(std::string_view raw, const std::vector<int64_t>& shape,
                              int64_t item_bytes) {
  std::string out;
  if (raw.empty()) return out;
  out.reserve(raw.size());
  // Walk the elements in C order: the last index runs fastest, with the widest stride in `raw`.
  const size_t rank = shape.size();
  std::vector<int64_t> index(rank, 0), stride(rank, 1);
  for (size_t axis = 1; axis < rank; ++axis) stride[axis] = stride[axis - 1] * shape[axis - 1];
  const int64_t count = static_cast<int64_t>(raw.size()) / item_bytes;
  int64_t offset = 0;
  for (int64_t i = 0; i < count; ++i) {
    out.append(
        raw.substr(static_cast<size_t>(offset * item_bytes), static_cast<size_t>(item_bytes)));
    for (size_t axis = rank; axis-- > 0;) {
      offset += stride[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= stride[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

}  // namespace gyre
