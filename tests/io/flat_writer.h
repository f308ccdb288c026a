// SPDX-License-Identifier: Apache-2.0
// Writes FlatBuffers for tests, front to back: each table behind what points at it, its table of
// offsets right before it.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gyre {

struct FlatNode;
using FlatField = std::variant<int32_t, uint8_t, FlatNode>;

// A table, a vector of tables, or a vector of plain bytes (`count` elements).
struct FlatNode {
  std::map<int, FlatField> fields = {};
  std::vector<FlatNode> tables = {};
  std::string bytes = {};
  uint32_t count = 0;
  enum Kind { kTable, kTables, kBytes } kind = kTable;
};

inline FlatNode FlatTableOf(std::map<int, FlatField> fields) {
  return {.fields = std::move(fields)};
}
inline FlatNode FlatTablesOf(std::vector<FlatNode> tables) {
  return {.tables = std::move(tables), .kind = FlatNode::kTables};
}
template <typename T>
FlatNode FlatVectorOf(const std::vector<T>& values) {
  std::string bytes(sizeof(T) * values.size(), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return {.bytes = bytes, .count = static_cast<uint32_t>(values.size()), .kind = FlatNode::kBytes};
}
inline FlatNode FlatTextOf(const std::string& text) {
  return {.bytes = text, .count = static_cast<uint32_t>(text.size()), .kind = FlatNode::kBytes};
}

class FlatWriter {
 public:
  // The whole file.
  static std::string Write(const FlatNode& root, const std::string& identifier) {
    FlatWriter writer;
    writer.bytes_ = std::string(4, '\0') + identifier;
    writer.Patch(0, writer.Append(root));
    return writer.bytes_;
  }

 private:
  void Align() { bytes_.resize((bytes_.size() + 3) / 4 * 4); }
  template <typename T>
  size_t Put(T value) {
    const size_t at = bytes_.size();
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return at;
  }
  // At `from`, how far it is from there to `to`.
  void Patch(size_t from, size_t to) {
    const auto distance = static_cast<uint32_t>(to - from);
    std::memcpy(&bytes_[from], &distance, sizeof(distance));
  }

  size_t Append(const FlatNode& node) {
    Align();
    if (node.kind == FlatNode::kTable) return AppendTable(node);
    const size_t begin = Put(
        node.kind == FlatNode::kTables ? static_cast<uint32_t>(node.tables.size()) : node.count);
    if (node.kind == FlatNode::kBytes) {
      bytes_ += node.bytes;
      return begin;
    }
    for (size_t i = 0; i < node.tables.size(); ++i) Put<uint32_t>(0);
    for (size_t i = 0; i < node.tables.size(); ++i)
      Patch(begin + 4 + 4 * i, Append(node.tables[i]));
    return begin;
  }

  size_t AppendTable(const FlatNode& node) {
    const int num_fields = node.fields.empty() ? 0 : node.fields.rbegin()->first + 1;
    const size_t offsets = Put<uint16_t>(static_cast<uint16_t>(4 + 2 * num_fields));
    Put<uint16_t>(static_cast<uint16_t>(4 + 4 * node.fields.size()));
    uint16_t place = 4;
    for (int field = 0; field < num_fields; ++field) {
      const bool there = node.fields.contains(field);
      Put<uint16_t>(there ? place : uint16_t{0});
      if (there) place = static_cast<uint16_t>(place + 4);
    }
    Align();
    const size_t begin = Put<int32_t>(0);
    const auto back = static_cast<int32_t>(begin - offsets);
    std::memcpy(&bytes_[begin], &back, sizeof(back));
    std::vector<std::pair<size_t, const FlatNode*>> children;
    for (const auto& [number, field] : node.fields) {
      if (const auto* child = std::get_if<FlatNode>(&field)) {
        children.emplace_back(Put<uint32_t>(0), child);
      } else if (const auto* byte = std::get_if<uint8_t>(&field)) {
        Put<uint32_t>(*byte);
      } else {
        Put<int32_t>(std::get<int32_t>(field));
      }
    }
    for (const auto& [at, child] : children) Patch(at, Append(*child));
    return begin;
  }

  std::string bytes_;
};

}  // namespace gyre
