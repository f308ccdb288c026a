// SPDX-License-Identifier: Apache-2.0
#include "io/npz.h"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "io/numpy_format.h"
#include "io/utf8.h"
#include "io/zip.h"

namespace gyre {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeader = 1 << 20;

struct NpyHeader {
  std::string type;
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

// The header is a Python dict literal with exactly the keys descr, fortran_order and shape.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& what) : rest_(text), what_(what) {}

  NpyHeader Parse() {
    NpyHeader header;
    bool has_type = false, has_order = false, has_shape = false;
    Expect('{');
    while (!Accept('}')) {
      const std::string key = Quoted();
      Expect(':');
      if (key == "descr") {
        if (Peek() == '[') {
          ThrowUserError("{}: holds records, expected an array of one type", what_);
        }
        header.type = Quoted();
        has_type = true;
      } else if (key == "fortran_order") {
        header.fortran_order = Boolean();
        has_order = true;
      } else if (key == "shape") {
        header.shape = Extents();
        has_shape = true;
      } else {
        Fail();
      }
      if (!Accept(',') && Peek() != '}') Fail();
    }
    if (Peek() != 0 || !has_type || !has_order || !has_shape) Fail();
    return header;
  }

 private:
  [[noreturn]] void Fail() const {
    ThrowUserError("{}: has an unreadable .npy header; the file is damaged", what_);
  }
  // The next character after white space, 0 at the end.
  char Peek() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_[0];
  }
  bool Accept(char c) {
    if (Peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Expect(char c) {
    if (!Accept(c)) Fail();
  }
  std::string Quoted() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') Fail();
    const size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) Fail();
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool Boolean() {
    Peek();
    for (const std::string_view word : {"True", "False"}) {
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(word.size());
        return word == "True";
      }
    }
    Fail();
  }
  std::vector<int64_t> Extents() {
    std::vector<int64_t> shape;
    Expect('(');
    while (!Accept(')')) {
      Peek();
      int64_t extent = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc()) Fail();
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      Accept('L');  // Python 2 wrote long integers so
      shape.push_back(extent);
      if (!Accept(',') && Peek() != ')') Fail();
    }
    return shape;
  }

  std::string_view rest_;
  const std::string& what_;
};

uint32_t LittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value |= uint32_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  }
  return value;
}

std::string_view NpyTypeString(DType type) {
  static constexpr std::string_view kTypes[] = {"|b1", "|i1", "|u1", "<i2", "<u2", "<i4",
                                                "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"};
  return kTypes[static_cast<int>(type)];
}

// The strings as fixed-width UTF-32 and the type string that says how wide.
std::pair<std::string, std::string> EncodeStrings(const std::vector<std::string>& strings) {
  std::vector<std::vector<uint32_t>> decoded;
  size_t width = 1;
  for (const std::string& text : strings) {
    auto points = DecodeUtf8(text);
    GYRE_CHECK(points, "'{}' is not UTF-8", text);
    decoded.push_back(*std::move(points));
    width = std::max(width, decoded.back().size());
  }
  std::string bytes;
  for (std::vector<uint32_t>& points : decoded) {
    points.resize(width, 0);
    bytes.append(reinterpret_cast<const char*>(points.data()), width * 4);
  }
  return {fmt::format("<U{}", width), std::move(bytes)};
}

}  // namespace

NdArray ParseNpy(std::string_view content, const std::string& what) {
  if (!content.starts_with(kMagic) || content.size() < 10) {
    ThrowUserError("{}: is not a .npy array (its first bytes are wrong)", what);
  }
  const int version = static_cast<uint8_t>(content[6]);
  if (version < 1 || version > 3) {
    ThrowUserError("{}: has .npy version {}, expected 1 to 3", what, version);
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t header_begin = 8 + length_bytes;
  const size_t header_size =
      content.size() < header_begin ? kMaxHeader : LittleEndian(content.substr(8, length_bytes));
  if (header_size >= kMaxHeader || header_begin + header_size > content.size()) {
    ThrowUserError("{}: ends within its .npy header; the file is cut off or damaged", what);
  }
  NpyHeader header = HeaderParser(content.substr(header_begin, header_size), what).Parse();
  const NumpyType type = ParseNumpyType(header.type, what);
  return ArrayFromNumpyBytes(type, std::move(header.shape), header.fortran_order,
                             content.substr(header_begin + header_size), what);
}

NdArray ReadNpy(const std::filesystem::path& path) {
  return ParseNpy(ReadFile(path), path.string());
}

std::string FormatNpy(const NdArray& array) {
  std::string type, text_bytes;
  if (array.dtype == DType::kString) {
    GYRE_CHECK(array.size() == static_cast<int64_t>(array.strings.size()), "{} strings for {}",
               array.strings.size(), array.ShapeString());
    std::tie(type, text_bytes) = EncodeStrings(array.strings);
  } else {
    GYRE_CHECK(array.bytes.size() == static_cast<size_t>(array.size()) * DTypeSize(array.dtype),
               "{} bytes for {} of {}", array.bytes.size(), array.ShapeString(),
               DTypeName(array.dtype));
    type = NpyTypeString(array.dtype);
  }
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type,
                                   array.ShapeString());
  // Magic, version and length take 10 bytes; the data starts at a multiple of 64.
  const size_t total = (10 + header.size() + 1 + 63) / 64 * 64;
  header.append(total - 10 - header.size() - 1, ' ');
  header.push_back('\n');
  std::string out(kMagic);
  out += '\x01';
  out += '\0';
  out += static_cast<char>(header.size() & 255);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  out += array.dtype == DType::kString ? text_bytes : array.bytes;
  return out;
}

Npz ReadNpz(const std::filesystem::path& path) {
  const ZipReader zip(path);
  Npz arrays;
  for (const std::string& name : zip.names()) {
    if (!name.ends_with(".npy")) {
      ThrowUserError("{}: holds '{}', which is no .npy array; expected a file that numpy saved",
                     path.string(), name);
    }
    const std::string key = name.substr(0, name.size() - 4);
    arrays[key] = ParseNpy(zip.Read(name), fmt::format("{}: key '{}'", path.string(), key));
  }
  return arrays;
}

void WriteNpz(const std::filesystem::path& path, const Npz& arrays) {
  std::vector<ZipEntry> entries;
  for (const auto& [key, array] : arrays) entries.push_back({key + ".npy", FormatNpy(array)});
  WriteZip(path, entries, ZipMethod::kDeflated);
}

const NdArray& Get(const Npz& npz, const std::string& key, const std::filesystem::path& path) {
  const auto found = npz.find(key);
  if (found != npz.end()) return found->second;
  std::vector<std::string> keys;
  for (const auto& [name, array] : npz) keys.push_back("'" + name + "'");
  ThrowUserError("{}: has no key '{}'; it holds {}", path.string(), key,
                 keys.empty() ? "nothing" : fmt::format("{}", fmt::join(keys, ", ")));
}

}  // namespace gyre
