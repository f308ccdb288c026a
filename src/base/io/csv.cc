// SPDX-License-Identifier: Apache-2.0
#include "io/csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "io/utf8.h"

namespace gyre {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{1} << 30;
constexpr size_t kMaxFields = size_t{1} << 26;  // in memory

template <typename T>
bool ParseWhole(const std::string& text, T& value) {
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  return error == std::errc() && end == last;
}

// UserError when the text is known to be something else.
void CheckIsText(std::string_view content, const std::string& what) {
  static constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
      {"\xff\xfe", "UTF-16 text; save it as CSV in UTF-8"},
      {"\xfe\xff", "UTF-16 text; save it as CSV in UTF-8"},
      {"PK\x03\x04", "a spreadsheet or a zip archive; save it as CSV in UTF-8, or unpack it"},
      {"\xd0\xcf\x11\xe0", "a spreadsheet; save it as CSV in UTF-8"},
      {"\x1f\x8b", "gzip; unpack it"}};
  for (const auto& [begin, name] : kKnown) {
    if (content.starts_with(begin)) ThrowUserError("{}: is {}", what, name);
  }
}

// By the first line, outside quotes.
char SeparatorOf(std::string_view content) {
  bool quoted = false;
  char found = ',';
  for (const char c : content) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == ',') return ',';
    if (c == '\n') break;
    if (found == ',' && (c == ';' || c == '\t')) found = c;
  }
  return found;
}

}  // namespace

// Cuts a text into records of fields.
class CsvScanner {
 public:
  CsvScanner(std::string_view content, const std::string& what) : rest_(content), what_(what) {
    CheckIsText(content, what);
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);  // byte order mark
    separator_ = SeparatorOf(rest_);
    for (const char c : {separator_, '\r', '\n', '"', '\0'}) {
      ends_field_[static_cast<unsigned char>(c)] = true;
    }
    ascii_ = std::ranges::all_of(rest_, [](char c) { return static_cast<signed char>(c) >= 0; });
  }
  bool AtEnd() const { return rest_.empty(); }
  int64_t line() const { return line_; }
  char separator() const { return separator_; }

  // Appends the next record's fields.
  void Next(std::vector<std::string>& fields) {
    while (true) {
      if (fields.size() >= kMaxFields) {
        ThrowUserError("{}: holds more than {} fields", what_, kMaxFields);
      }
      fields.push_back(!rest_.empty() && rest_[0] == '"' ? Quoted() : Plain());
      if (!ascii_) fields.back() = Utf8FromBytes(fields.back());
      if (!Accept(separator_)) break;
    }
    Accept('\r');
    if (!Accept('\n') && !rest_.empty()) {
      Fail(fmt::format("a {} or the end of the line after a field", SeparatorName()));
    }
    ++line_;
  }

 private:
  [[noreturn]] void Fail(std::string_view expected) const {
    ThrowUserError("{}: line {}: expected {}", what_, line_, expected);
  }
  std::string_view SeparatorName() const {
    return separator_ == ',' ? "comma" : separator_ == ';' ? "semicolon" : "tab";
  }
  bool Accept(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string Plain() {
    const auto end = std::ranges::find_if(
        rest_, [this](char c) { return ends_field_[static_cast<unsigned char>(c)]; });
    std::string field(rest_.begin(), end);
    rest_.remove_prefix(field.size());
    if (!rest_.empty() && (rest_[0] == '"' || rest_[0] == '\0')) {
      Fail("plain text in a field without quotes");
    }
    return field;
  }
  std::string Quoted() {
    std::string field;
    const int64_t first_line = line_;
    rest_.remove_prefix(1);
    while (true) {
      const size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) {
        line_ = first_line;
        Fail("a closing quote for the field that begins here");
      }
      for (const char c : rest_.substr(0, quote)) line_ += c == '\n';
      field += rest_.substr(0, quote);
      rest_.remove_prefix(quote + 1);
      if (!Accept('"')) return field;
      field += '"';
    }
  }

  std::string_view rest_;
  const std::string& what_;
  char separator_ = ',';
  std::array<bool, 256> ends_field_{};  // of one without quotes
  bool ascii_ = true;
  int64_t line_ = 1;
};

CsvTable::CsvTable(CsvScanner& scanner, const std::string& what)
    : what_(what), separator_(scanner.separator()) {
  if (scanner.AtEnd()) ThrowUserError("{}: is empty, expected a table with a header line", what);
  scanner.Next(columns_);
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string& name = columns_[i];
    if (name.empty()) ThrowUserError("{}: line 1: column {} has no name", what, i + 1);
    if (!positions_.emplace(name, i).second) {
      ThrowUserError("{}: line 1: two columns are named '{}'", what, name);
    }
  }
}

void CsvTable::AddRow(CsvScanner& scanner) {
  lines_.push_back(scanner.line());
  const size_t begin = fields_.size();
  scanner.Next(fields_);
  if (const size_t found = fields_.size() - begin; found != columns_.size()) {
    unfit_[row_count_] = found;
    fields_.resize(begin);
    fields_.resize(begin + columns_.size());
  }
  ++row_count_;
}

void CsvTable::CheckRow(int64_t row) const {
  const auto unfit = unfit_.find(row);
  if (unfit == unfit_.end()) return;
  ThrowUserError("{}: expected {} fields as in the header, found {}", Where(row), columns_.size(),
                 unfit->second);
}

CsvTable CsvTable::Parse(std::string_view content, const std::string& what) {
  CsvScanner scanner(content, what);
  CsvTable table(scanner, what);
  while (!scanner.AtEnd()) {
    table.AddRow(scanner);
    table.CheckRow(table.row_count_ - 1);
  }
  return table;
}

void CsvTable::ForEachBlock(const std::filesystem::path& path,
                            const std::function<void(const CsvTable&, int64_t)>& sink) {
  constexpr int64_t kBlock = 1024;
  const std::string what = path.string(), content = ReadFile(path, kMaxBytes);
  CsvScanner scanner(content, what);
  const CsvTable head(scanner, what);
  int64_t first_row = 0;
  do {
    CsvTable block = head;
    while (!scanner.AtEnd() && block.row_count_ < kBlock) block.AddRow(scanner);
    sink(block, first_row);
    first_row += block.row_count_;
  } while (!scanner.AtEnd());
}

CsvTable CsvTable::Read(const std::filesystem::path& path) {
  return Parse(ReadFile(path, kMaxBytes), path.string());
}

size_t CsvTable::Position(const std::string& column) const {
  const auto found = positions_.find(column);
  if (found == positions_.end()) {
    ThrowUserError("{}: has no column '{}'; it has {}", what_, column, fmt::join(columns_, ", "));
  }
  return found->second;
}

std::string CsvTable::Where(int64_t row) const {
  GYRE_CHECK(row >= 0 && row < row_count_, "row {} of {}", row, row_count_);
  return fmt::format("{}: line {}", what_, lines_[static_cast<size_t>(row)]);
}

const std::string& CsvTable::Text(int64_t row, const std::string& column) const {
  GYRE_CHECK(row >= 0 && row < row_count_, "row {} of {}", row, row_count_);
  return fields_[static_cast<size_t>(row) * columns_.size() + Position(column)];
}

double CsvTable::Number(int64_t row, const std::string& column) const {
  const std::string& text = Text(row, column);
  double value = 0;
  bool is_number = ParseWhole(text, value);
  if (!is_number && separator_ == ';' && std::ranges::count(text, ',') == 1) {
    std::string with_point = text;
    std::ranges::replace(with_point, ',', '.');
    is_number = ParseWhole(with_point, value);
  }
  if (!is_number || !std::isfinite(value)) {
    ThrowUserError("{}: column '{}': expected a number, found '{}'", Where(row), column,
                   text.substr(0, 40));
  }
  return value;
}

std::vector<double> CsvTable::Numbers(const std::string& column) const {
  std::vector<double> numbers;
  Position(column);  // also a table without rows must have the column
  for (int64_t row = 0; row < row_count_; ++row) numbers.push_back(Number(row, column));
  return numbers;
}

}  // namespace gyre
