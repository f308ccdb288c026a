// SPDX-License-Identifier: Apache-2.0
// Source of the format: MathWorks, MAT-File Format, chapter 1 (version 5).
#include "io/matlab.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "io/inflate.h"
#include "io/numpy_format.h"

namespace gyre {
namespace {

constexpr size_t kHeaderBytes = 128;
constexpr uint64_t kMaxArrayBytes = uint64_t{1} << 31;  // unpacked

// Types of data elements (numbers: TypeOf), and where an array's class and flags stand.
enum : uint32_t { kInt8 = 1, kUInt8 = 2, kInt32 = 5, kUInt32 = 6, kMatrix = 14, kCompressed = 15 };
constexpr uint32_t kComplexFlag = 1 << 11;
constexpr uint32_t kFirstNumericClass = 6, kLastNumericClass = 15;

// How numbers are stored. Doubles that are whole numbers may stand as shorter integers.
std::optional<NumpyType> TypeOf(uint32_t type) {
  switch (type) {
    case kInt8:
      return NumpyType{'i', 1};
    case kUInt8:
      return NumpyType{'u', 1};
    case 3:
      return NumpyType{'i', 2};
    case 4:
      return NumpyType{'u', 2};
    case kInt32:
      return NumpyType{'i', 4};
    case kUInt32:
      return NumpyType{'u', 4};
    case 7:
      return NumpyType{'f', 4};
    case 9:
      return NumpyType{'f', 8};
    case 12:
      return NumpyType{'i', 8};
    case 13:
      return NumpyType{'u', 8};
    default:
      return std::nullopt;
  }
}

struct Element {
  uint32_t type = 0;
  std::string_view content;
};

// Data elements in a row: type, size, content. Those of up to four bytes within an array keep
// their size in the upper half of the first word; larger ones there are padded to eight bytes.
class Elements {
 public:
  Elements(std::string_view bytes, bool big_endian, bool padded, const std::string& what)
      : rest_(bytes), big_endian_(big_endian), padded_(padded), what_(what) {}

  bool AtEnd() const { return rest_.empty(); }

  Element Next() {
    if (rest_.size() < 8) Fail();
    const uint32_t word = Word(0);
    if (padded_ && word >> 16 != 0) {
      if (word >> 16 > 4) Fail();
      const Element element{word & 0xFFFF, rest_.substr(4, word >> 16)};
      rest_.remove_prefix(8);
      return element;
    }
    const size_t size = Word(4);
    rest_.remove_prefix(8);
    if (size > rest_.size()) Fail();
    const Element element{word, rest_.substr(0, size)};
    rest_.remove_prefix(padded_ ? std::min((size + 7) / 8 * 8, rest_.size()) : size);
    return element;
  }

  // The next element's 32-bit words; it must be of this type.
  std::vector<uint32_t> NextWords(uint32_t type) {
    const Element element = Next();
    if (element.type != type || element.content.size() % 4 != 0) Fail();
    const Elements words(element.content, big_endian_, padded_, what_);
    std::vector<uint32_t> values;
    for (size_t at = 0; at < element.content.size(); at += 4) values.push_back(words.Word(at));
    return values;
  }

  [[noreturn]] void Fail() const {
    ThrowUserError("{}: the MATLAB file is damaged or cut off", what_);
  }

 private:
  uint32_t Word(size_t at) const {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
      const auto byte = static_cast<uint8_t>(rest_[at + i]);
      value |= uint32_t{byte} << (8 * (big_endian_ ? 3 - i : i));
    }
    return value;
  }

  std::string_view rest_;
  bool big_endian_, padded_;
  const std::string& what_;
};

}  // namespace

NdArray ReadMatlabArray(const std::filesystem::path& path, const std::string& name) {
  const std::string file = path.string(), content = ReadFile(path);
  const std::string_view mark =
      std::string_view(content).substr(std::min<size_t>(126, content.size()), 2);
  const bool big_endian = mark == "MI";
  if (content.size() < kHeaderBytes || (mark != "IM" && mark != "MI") ||
      content[big_endian ? 124 : 125] != 1) {
    ThrowUserError("{}: is not a MATLAB v5 file; in MATLAB, save(..., '-v7') writes one", file);
  }
  std::vector<std::string> names;
  std::string unpacked;
  Elements arrays(std::string_view(content).substr(kHeaderBytes), big_endian, false, file);
  while (!arrays.AtEnd()) {
    Element array = arrays.Next();
    if (array.type == kCompressed) {
      unpacked = Inflate(array.content, InflateFormat::kZlib, kMaxArrayBytes, file);
      Elements inner(unpacked, big_endian, false, file);
      array = inner.Next();
      if (!inner.AtEnd()) inner.Fail();
    }
    if (array.type != kMatrix) arrays.Fail();
    Elements parts(array.content, big_endian, true, file);
    const std::vector<uint32_t> flags = parts.NextWords(kUInt32);
    const std::vector<uint32_t> extents = parts.NextWords(kInt32);
    const Element its_name = parts.Next();
    if (flags.empty() || extents.empty() || its_name.type != kInt8) parts.Fail();
    if (its_name.content != name) {
      names.emplace_back(its_name.content);
      continue;
    }
    const std::string what = fmt::format("{}: array '{}'", file, name);
    const uint32_t its_class = flags[0] & 0xFF;
    if (its_class < kFirstNumericClass || its_class > kLastNumericClass ||
        (flags[0] & kComplexFlag)) {
      ThrowUserError("{}: expected real numbers in a full array", what);
    }
    const Element values = parts.Next();
    std::optional<NumpyType> type = TypeOf(values.type);
    if (!type) parts.Fail();
    type->big_endian = big_endian;
    return ArrayFromNumpyBytes(*type, {extents.begin(), extents.end()}, /*fortran_order=*/true,
                               values.content, what);
  }
  ThrowUserError("{}: has no array '{}'; it holds {}", file, name,
                 names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace gyre
