// SPDX-License-Identifier: Apache-2.0
// Tables as comma-separated text with a header line (RFC 4180: quoted fields, doubled quotes,
// CR LF or LF). Where the header has no comma, semicolons or tabs separate, as spreadsheets write
// them. Text is UTF-8, or Latin-1 in fields that are no UTF-8. Every row has as many fields as the
// header (ForEachBlock leaves it to its sink what to do with others); numbers use a point in any
// locale, between semicolons also a comma ("12,5").
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gyre {

class CsvScanner;

class CsvTable {
 public:
  static CsvTable Read(const std::filesystem::path& path);
  static CsvTable Parse(std::string_view content, const std::string& what);
  // A large table in blocks of rows, at least one (of none): `sink` gets the block and the number
  // of its first row in the table. A row with another number of fields is there without any of
  // them: CheckRow refuses it.
  static void ForEachBlock(const std::filesystem::path& path,
                           const std::function<void(const CsvTable&, int64_t first_row)>& sink);

  const std::vector<std::string>& columns() const { return columns_; }
  int64_t row_count() const { return row_count_; }
  bool Has(const std::string& column) const { return positions_.contains(column); }

  // Rows from 0. UserError names the file, the line and the column when the column is missing or
  // the field is no number.
  const std::string& Text(int64_t row, const std::string& column) const;
  double Number(int64_t row, const std::string& column) const;
  // A whole column.
  std::vector<double> Numbers(const std::string& column) const;
  // UserError, naming the line, for a row that has not as many fields as the header.
  void CheckRow(int64_t row) const;
  bool IsWhole(int64_t row) const { return !unfit_.contains(row); }
  // "FILE: line 7", for a reader's own complaints about a row.
  std::string Where(int64_t row) const;

 private:
  // An empty table of the columns that the scanner's first record names.
  CsvTable(CsvScanner& scanner, const std::string& what);
  void AddRow(CsvScanner& scanner);
  size_t Position(const std::string& column) const;

  std::string what_;
  char separator_ = ',';
  std::vector<std::string> columns_;
  std::unordered_map<std::string, size_t> positions_;
  std::vector<std::string> fields_;  // row by row
  std::vector<int64_t> lines_;       // the line a row begins at, from 1
  std::map<int64_t, size_t> unfit_;  // rows of another number of fields, and that number
  int64_t row_count_ = 0;
};

}  // namespace gyre
