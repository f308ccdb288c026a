// SPDX-License-Identifier: Apache-2.0
#include "io/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"

namespace gyre {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 32;
constexpr int kMaxValues = 200000;  // of a file of 1 MiB, and of what its aliases repeat

std::string Text(const yaml_node_t& node) {
  return {reinterpret_cast<const char*>(node.data.scalar.value), node.data.scalar.length};
}

template <typename T>
std::optional<T> Number(std::string_view text) {
  T number{};
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

json Scalar(const yaml_node_t& node) {
  std::string text = Text(node);
  if (node.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return text;
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  if (text == ".nan" || text == ".Nan" || text == ".NaN") return std::nan("");
  if (text == ".inf" || text == ".Inf") return std::numeric_limits<double>::infinity();
  if (text == "-.inf" || text == "-.Inf") return -std::numeric_limits<double>::infinity();
  if (const auto whole = Number<int64_t>(text)) return *whole;
  if (const auto real = Number<double>(text); real && std::isfinite(*real)) return *real;
  return text;
}

class Reader {
 public:
  Reader(yaml_document_t& document, const std::string& what) : document_(document), what_(what) {}

  json Value(int index, int depth) {
    const yaml_node_t& node = *yaml_document_get_node(&document_, index);
    if (depth > kMaxDepth) Refuse(node, fmt::format("nests deeper than {} levels", kMaxDepth));
    if (++values_ > kMaxValues) Refuse(node, fmt::format("holds more than {} values", kMaxValues));
    if (node.type == YAML_SEQUENCE_NODE) {
      json list = json::array();
      const auto& items = node.data.sequence.items;
      for (auto* item = items.start; item != items.top; ++item) {
        list.push_back(Value(*item, depth + 1));
      }
      return list;
    }
    if (node.type != YAML_MAPPING_NODE) return Scalar(node);
    json object = json::object();
    const auto& pairs = node.data.mapping.pairs;
    for (auto* pair = pairs.start; pair != pairs.top; ++pair) {
      const yaml_node_t& key = *yaml_document_get_node(&document_, pair->key);
      if (key.type != YAML_SCALAR_NODE) Refuse(key, "has a key that is no name");
      const std::string name = Text(key);
      if (object.contains(name)) Refuse(key, fmt::format("'{}' is given twice", name));
      object[name] = Value(pair->value, depth + 1);
    }
    return object;
  }

 private:
  [[noreturn]] void Refuse(const yaml_node_t& node, const std::string& why) const {
    ThrowUserError("{}: line {}: {}", what_, node.start_mark.line + 1, why);
  }

  yaml_document_t& document_;
  const std::string& what_;
  int values_ = 0;
};

}  // namespace

json ParseYaml(std::string_view content, const std::string& what) {
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  if (content.starts_with("%YAML:")) {
    // The end of that line stays, so that lines are counted as in the file.
    content.remove_prefix(std::min(content.find_first_of("\r\n"), content.size()));
  }
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) == 0) throw std::bad_alloc();
  const std::unique_ptr<yaml_parser_t, void (*)(yaml_parser_t*)> frees_parser(&parser,
                                                                              yaml_parser_delete);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(content.data()),
                               content.size());
  yaml_document_t document;
  if (yaml_parser_load(&parser, &document) == 0) {
    ThrowUserError("{}: line {}: cannot be read as YAML: {}", what, parser.problem_mark.line + 1,
                   parser.problem != nullptr ? parser.problem : "it is damaged");
  }
  const std::unique_ptr<yaml_document_t, void (*)(yaml_document_t*)> frees_document(
      &document, yaml_document_delete);
  if (yaml_document_get_root_node(&document) == nullptr) return nullptr;
  return Reader(document, what).Value(1, 1);  // its nodes count from 1, the root's
}

}  // namespace gyre
