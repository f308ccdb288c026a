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

constexpr std::string_view kNpyMagic = "\x93NUMPY";
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

std::vector<uint32_t> CodePoints(const std::string& text) {
  auto points = DecodeUtf8(text);
  GYRE_CHECK(points, "'{}' is not UTF-8", text);
  return *std::move(points);
}

// The strings as UTF-32, `width` code points each.
std::string EncodeStrings(const std::vector<std::string>& strings, size_t width) {
  std::string bytes;
  for (const std::string& text : strings) {
    std::vector<uint32_t> points = CodePoints(text);
    GYRE_CHECK(points.size() <= width, "'{}' is longer than {}", text, width);
    points.resize(width, 0);
    bytes.append(reinterpret_cast<const char*>(points.data()), width * 4);
  }
  return bytes;
}

// The bytes before the data: magic, version, length, and the description as a Python dict.
std::string FormatHeader(DType dtype, const std::string& shape, size_t text_width) {
  const std::string type =
      dtype == DType::kString ? fmt::format("<U{}", text_width) : std::string(NpyTypeString(dtype));
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type, shape);
  // Magic, version and length take 10 bytes; the data starts at a multiple of 64.
  const size_t total = (10 + header.size() + 1 + 63) / 64 * 64;
  header.append(total - 10 - header.size() - 1, ' ');
  header.push_back('\n');
  std::string out(kNpyMagic);
  out += '\x01';
  out += '\0';
  out += static_cast<char>(header.size() & 255);
  out += static_cast<char>(header.size() >> 8);
  return out + header;
}

constexpr size_t kMaxPreamble = 12;  // magic, version and length of the header

// Where the data begins, from a file's first kMaxPreamble bytes (or all it has).
size_t DataBegin(std::string_view content, const std::string& what) {
  if (!content.starts_with(kNpyMagic) || content.size() < 10) {
    ThrowUserError("{}: is not a .npy array (its first bytes are wrong)", what);
  }
  const int version = static_cast<uint8_t>(content[6]);
  if (version < 1 || version > 3) {
    ThrowUserError("{}: has .npy version {}, expected 1 to 3", what, version);
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t header_size = content.size() < 8 + length_bytes
                                 ? kMaxHeader
                                 : LittleEndian(content.substr(8, length_bytes));
  if (header_size >= kMaxHeader) {
    ThrowUserError("{}: ends within its .npy header; the file is cut off or damaged", what);
  }
  return 8 + length_bytes + header_size;
}

// From the bytes before the data.
NpyHeader ParseHeader(std::string_view head, const std::string& what) {
  const size_t begin = DataBegin(head, what);
  if (head.size() < begin) {
    ThrowUserError("{}: ends within its .npy header; the file is cut off or damaged", what);
  }
  return HeaderParser(head.substr(head[6] == 1 ? 10 : 12), what).Parse();
}

}  // namespace

NdArray ParseNpy(std::string_view content, const std::string& what) {
  const std::string_view head = content.substr(0, DataBegin(content, what));
  NpyHeader header = ParseHeader(head, what);
  return ArrayFromNumpyBytes(ParseNumpyType(header.type, what), std::move(header.shape),
                             header.fortran_order, content.substr(head.size()), what);
}

NdArray ReadNpy(const std::filesystem::path& path) {
  return ParseNpy(ReadFile(path), path.string());
}

size_t TextWidth(const std::vector<std::string>& strings) {
  size_t width = 1;
  for (const std::string& text : strings) width = std::max(width, CodePoints(text).size());
  return width;
}

std::string FormatNpy(const NdArray& array) {
  if (array.dtype == DType::kString) {
    GYRE_CHECK(array.size() == static_cast<int64_t>(array.strings.size()), "{} strings for {}",
               array.strings.size(), array.ShapeString());
    const size_t width = TextWidth(array.strings);
    return FormatHeader(array.dtype, array.ShapeString(), width) +
           EncodeStrings(array.strings, width);
  }
  GYRE_CHECK(array.bytes.size() == static_cast<size_t>(array.size()) * DTypeSize(array.dtype),
             "{} bytes for {} of {}", array.bytes.size(), array.ShapeString(),
             EnumName(array.dtype));
  return FormatHeader(array.dtype, array.ShapeString(), 0) + array.bytes;
}

Npz ReadNpz(const std::filesystem::path& path, std::span<const std::string> keys) {
  const ZipReader zip(path);
  Npz arrays;
  for (const std::string& name : zip.names()) {
    if (!name.ends_with(".npy")) continue;
    const std::string key = name.substr(0, name.size() - 4);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) continue;
    arrays[key] = ParseNpy(zip.Read(name), fmt::format("{}: key '{}'", path.string(), key));
  }
  return arrays;
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

void WriteNpzColumns(const std::filesystem::path& path, std::vector<NpzColumn> columns) {
  std::sort(columns.begin(), columns.end(),
            [](const NpzColumn& a, const NpzColumn& b) { return a.key < b.key; });
  std::vector<ZipSource> sources;
  for (NpzColumn& column : columns) {
    const NdArray whole{column.dtype, column.shape, {}, {}};
    const size_t item =
        column.dtype == DType::kString ? 4 * column.text_width : DTypeSize(column.dtype);
    std::string header = FormatHeader(column.dtype, whole.ShapeString(), column.text_width);
    const uint64_t size = header.size() + static_cast<uint64_t>(whole.size()) * item;
    const auto next = [left = whole.size(), piece = std::move(header), begun = false,
                       &column]() mutable -> std::string_view {
      if (!std::exchange(begun, true)) return piece;
      if (left == 0) return {};
      NdArray block = column.next();
      GYRE_CHECK(block.dtype == column.dtype && block.size() > 0 && block.size() <= left,
                 "{}: a block of {}, {} elements left", column.key, block.ShapeString(), left);
      left -= block.size();
      piece = column.dtype == DType::kString ? EncodeStrings(block.strings, column.text_width)
                                             : std::move(block.bytes);
      return piece;
    };
    sources.push_back({column.key + ".npy", size, next});
  }
  WriteZip(path, std::move(sources), ZipMethod::kDeflated);
}

struct NpzRows::Stream {
  std::string what;
  ZipEntryStream entry;
  NumpyType type = {};
  std::vector<int64_t> shape = {};
  size_t row_bytes = 0;
  int64_t position = 0;
  DType dtype = DType::kFloat64;
  std::string fortran = {};  // the whole array in C order, when it is stored in the other

  std::string NextBytes(int64_t rows) {
    const size_t size = static_cast<size_t>(rows) * row_bytes;
    return fortran.empty() ? entry.Read(size)
                           : fortran.substr(static_cast<size_t>(position) * row_bytes, size);
  }
};

NpzRows::NpzRows(const std::filesystem::path& path, const std::string& key) {
  const std::vector<std::string> keys = NpzKeys(path);
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
    ThrowUserError("{}: has no key '{}'; it holds '{}'", path.string(), key,
                   fmt::join(keys, "', '"));
  }
  stream_ = std::make_unique<Stream>(
      Stream{fmt::format("{}: key '{}'", path.string(), key), ZipEntryStream(path, key + ".npy")});
  Stream& s = *stream_;
  std::string head = s.entry.Read(kMaxPreamble);
  if (const size_t begin = DataBegin(head, s.what); begin > head.size()) {
    head += s.entry.Read(begin - head.size());
  }
  NpyHeader header = ParseHeader(head, s.what);
  s.type = ParseNumpyType(header.type, s.what);
  s.shape = std::move(header.shape);
  if (s.shape.empty()) ThrowUserError("{}: expected rows, found a single value", s.what);
  std::vector<int64_t> row_shape = s.shape;
  row_shape[0] = 1;
  s.row_bytes = static_cast<size_t>(CheckedElementCount(row_shape, s.what) * s.type.item_bytes);
  const int64_t count = CheckedElementCount(s.shape, s.what);
  if (header.fortran_order && s.shape.size() > 1) {
    s.fortran = COrderFromFortran(s.entry.Read(static_cast<size_t>(count * s.type.item_bytes)),
                                  s.shape, s.type.item_bytes);
  }
  row_shape[0] = 0;
  s.dtype = ArrayFromNumpyBytes(s.type, row_shape, false, {}, s.what).dtype;
}

NpzRows::~NpzRows() = default;
NpzRows::NpzRows(NpzRows&&) noexcept = default;

DType NpzRows::dtype() const { return stream_->dtype; }
const std::vector<int64_t>& NpzRows::shape() const { return stream_->shape; }

size_t NpzRows::text_width() const {
  const NumpyType& type = stream_->type;
  if (stream_->dtype != DType::kString) return 0;
  return static_cast<size_t>(type.kind == 'U' ? type.item_bytes / 4 : type.item_bytes);
}

NdArray NpzRows::Next(int64_t rows) {
  Stream& s = *stream_;
  std::vector<int64_t> shape = s.shape;
  shape[0] = std::min(rows, s.shape[0] - s.position);
  const std::string bytes = s.NextBytes(shape[0]);
  s.position += shape[0];
  // Behind the last row: the checksum, and nothing more.
  if (shape[0] > 0 && s.position == s.shape[0] && !s.entry.Read(1).empty()) {
    ThrowUserError("{}: holds more than its {} rows", s.what, s.shape[0]);
  }
  return ArrayFromNumpyBytes(s.type, std::move(shape), false, bytes, s.what);
}

std::vector<std::string> NpzKeys(const std::filesystem::path& path) {
  std::vector<std::string> keys = ZipEntryNames(path);
  std::erase_if(keys, [](const std::string& name) { return !name.ends_with(".npy"); });
  for (std::string& key : keys) key.resize(key.size() - 4);
  return keys;
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
