// SPDX-License-Identifier: Apache-2.0
// Files of Python's torch.save without LibTorch: the zip format (torch >= 1.6) and the legacy one.
// The pickle's inert tree (io/pickle.h) names tensors as views of storages, whose bytes stand
// beside it. Nothing in a file is ever executed.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/ndarray.h"
#include "io/pickle.h"

namespace gyre {

// The elements that tensors are views of.
struct TorchStorage {
  std::string type;  // "FloatStorage", ...
  std::string key;
  int64_t numel = 0;
  int64_t bytes = 0;
};

// A tensor, all of it within its storage.
struct TorchTensor {
  TorchStorage storage;
  std::vector<int64_t> sizes, strides;  // of elements
  int64_t offset = 0;

  int64_t numel() const;
};

// UserError names the file and what is damaged.
class TorchArchive {
 public:
  explicit TorchArchive(const std::filesystem::path& path);
  ~TorchArchive();
  TorchArchive(TorchArchive&&) noexcept;

  const std::string& name() const;  // the path
  uint64_t file_bytes() const;
  const PickleValue& root() const;
  // Whether the tree's value is one.
  static bool IsTensor(const PickleValue& value);
  TorchTensor TensorOf(const PickleValue& value) const;
  // The elements, little endian.
  std::string Bytes(const TorchStorage& storage) const;

 private:
  struct Content;
  std::unique_ptr<const Content> content_;
};

// What torch calls a state_dict: a file with nothing but tensors by name. Of element types that
// NumPy has.
std::map<std::string, NdArray> ReadTorchStateDict(const std::filesystem::path& path);

}  // namespace gyre
