// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy and .npz files (NEP 1, versions 1 to 3). Little and big endian, C and Fortran order,
// unicode and byte strings; object arrays are refused, because they hold pickles.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/ndarray.h"

namespace gyre {

using Npz = std::map<std::string, NdArray>;

NdArray ReadNpy(const std::filesystem::path& path);
// `content` is a whole .npy file; `what` names it in errors.
NdArray ParseNpy(std::string_view content, const std::string& what);
std::string FormatNpy(const NdArray& array);

Npz ReadNpz(const std::filesystem::path& path);
// Those of these keys that the file has; its other members, which may be anything, are passed over.
Npz ReadNpz(const std::filesystem::path& path, std::span<const std::string> keys);
// Compressed, atomically; NumPy's np.load reads it.
void WriteNpz(const std::filesystem::path& path, const Npz& arrays);

// Code points of the longest string, at least 1.
size_t TextWidth(const std::vector<std::string>& strings);

// An array too large for memory, written block by block of its first axis.
struct NpzColumn {
  std::string key;
  DType dtype = DType::kFloat64;
  std::vector<int64_t> shape;
  size_t text_width = 1;  // of text: TextWidth of all of it
  // The next block: `dtype`, rows as in `shape`. Called until all rows are there.
  std::function<NdArray()> next;
};
// The same file as WriteNpz makes of the whole arrays (columns in any order).
void WriteNpzColumns(const std::filesystem::path& path, std::vector<NpzColumn> columns);

// An array read block by block of its first axis, with memory for a block. (An array in Fortran
// order is held whole.)
class NpzRows {
 public:
  // UserError as ReadNpz and Get; also for an array without axes.
  NpzRows(const std::filesystem::path& path, const std::string& key);
  ~NpzRows();
  NpzRows(NpzRows&&) noexcept;

  DType dtype() const;
  const std::vector<int64_t>& shape() const;
  size_t text_width() const;  // code points that a string has room for; 0 for numbers
  // The next `rows` rows; fewer at the end, and none behind it.
  NdArray Next(int64_t rows);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};
std::vector<std::string> NpzKeys(const std::filesystem::path& path);

// The array of a key, or UserError that names the file and the keys there are.
const NdArray& Get(const Npz& npz, const std::string& key, const std::filesystem::path& path);

}  // namespace gyre
