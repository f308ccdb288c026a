// SPDX-License-Identifier: Apache-2.0
#include "io/toml.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"

namespace gyre {
namespace {

using nlohmann::json;

class TomlParser {
 public:
  TomlParser(std::string_view content, const std::string& what) : text_(content), what_(what) {}

  json Parse() {
    json root = json::object();
    std::vector<std::string> table;
    while (true) {
      SkipBlank(/*lines=*/true);
      if (AtEnd()) return root;
      if (Take('[')) {
        if (Next() == '[') Fail("lists of tables are not read");
        table = Key(']');
        TableOf(&root, table);
      } else {
        std::vector<std::string> key = Key('=');
        const std::string name = key.back();
        key.pop_back();
        key.insert(key.begin(), table.begin(), table.end());
        SkipBlank(/*lines=*/false);
        json& object = *TableOf(&root, key);
        if (object.contains(name)) Fail(fmt::format("'{}' is given twice", name));
        object[name] = Value(0);
      }
      SkipBlank(/*lines=*/false);
      if (!AtEnd() && Next() != '\n') Fail("expected the end of the line");
    }
  }

 private:
  [[noreturn]] void Fail(const std::string& how) const {
    const auto line =
        1 + std::count(text_.begin(), text_.begin() + static_cast<int64_t>(at_), '\n');
    ThrowUserError("{}: line {}: {}", what_, line, how);
  }

  bool AtEnd() const { return at_ >= text_.size(); }
  char Next() const { return AtEnd() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (Next() != c || AtEnd()) return false;
    ++at_;
    return true;
  }

  // Spaces and comments; also over the ends of lines.
  void SkipBlank(bool lines) {
    while (!AtEnd()) {
      const char c = Next();
      if (c == '#') {
        while (!AtEnd() && Next() != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r' || (lines && c == '\n')) {
        ++at_;
      } else {
        return;
      }
    }
  }

  // The parts of a dotted key, up to and with its end.
  std::vector<std::string> Key(char end) {
    constexpr size_t kMostParts = 16;
    std::vector<std::string> parts;
    do {
      SkipBlank(/*lines=*/false);
      std::string part;
      if (Next() == '"' || Next() == '\'') {
        part = String();
      } else {
        const size_t begin = at_;
        const auto bare = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; };
        while (!AtEnd() && bare(static_cast<unsigned char>(Next()))) ++at_;
        part = text_.substr(begin, at_ - begin);
        if (part.empty()) Fail("expected a key");
      }
      parts.push_back(std::move(part));
      if (parts.size() > kMostParts) Fail("the key has too many parts");
      SkipBlank(/*lines=*/false);
    } while (Take('.'));
    if (!Take(end)) Fail(fmt::format("expected '{}' behind the key", end));
    return parts;
  }

  json* TableOf(json* root, const std::vector<std::string>& path) {
    json* table = root;
    for (const std::string& part : path) {
      if (!table->contains(part)) (*table)[part] = json::object();
      table = &(*table)[part];
      if (!table->is_object()) Fail(fmt::format("'{}' is a value and a table", part));
    }
    return table;
  }

  std::string String() {
    const char quote = text_[at_++];
    std::string value;
    while (!AtEnd() && Next() != quote && Next() != '\n') {
      char c = text_[at_++];
      if (c == '\\' && quote == '"') {
        const char escaped = Next();
        if (escaped != '"' && escaped != '\\') Fail("of escapes only \\\" and \\\\ are read");
        c = escaped;
        ++at_;
      }
      value += c;
    }
    if (!Take(quote)) Fail("a string does not end on its line");
    return value;
  }

  json Value(int depth) {
    constexpr int kMaxDepth = 16;
    if (depth > kMaxDepth) Fail("lists nest too deep");
    const char c = Next();
    if (c == '"' || c == '\'') return String();
    if (c == '[') return List(depth);
    if (c == '{') Fail("inline tables are not read");
    return Plain();
  }

  json List(int depth) {
    json list = json::array();
    Take('[');
    while (true) {
      SkipBlank(/*lines=*/true);
      if (Take(']')) return list;
      list.push_back(Value(depth + 1));
      SkipBlank(/*lines=*/true);
      if (Take(',')) continue;
      if (!Take(']')) Fail("expected ',' or ']' in a list");
      return list;
    }
  }

  // true, false or a number.
  json Plain() {
    const size_t begin = at_;
    while (!AtEnd() && std::string_view(" \t\r\n,]#").find(Next()) == std::string_view::npos) ++at_;
    std::string word(text_.substr(begin, at_ - begin));
    if (word == "true") return true;
    if (word == "false") return false;
    std::erase(word, '_');
    const bool plus = word.starts_with('+');
    const char *first = word.data() + plus, *last = word.data() + word.size();
    double number = 0;
    const auto [end, error] = std::from_chars(first, last, number);
    if (error != std::errc() || end != last) {
      Fail(fmt::format("'{}' is no string, number, list, true or false", word));
    }
    return number;
  }

  std::string_view text_;
  const std::string& what_;
  size_t at_ = 0;
};

}  // namespace

json ParseToml(std::string_view content, const std::string& what) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  return TomlParser(content, what).Parse();
}

}  // namespace gyre
