// SPDX-License-Identifier: Apache-2.0
// Files of Python's torch.save, read and written without Python.
//
// Reads the zip format (torch >= 1.6) and the legacy one. Tensors of every plain type, views and
// shared storages included, come back contiguous on the CPU. Numpy arrays become tensors, integer
// keys of dicts their decimal text; nothing in a file is ever executed (io/pickle.h).
// Writes the zip format with nothing in it but dicts, lists, tensors, numbers and strings, so that
// torch.load(weights_only=True) opens it. Equal content gives equal bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace gyre {

// Tensors by name: what torch calls a state_dict.
using StateDict = std::map<std::string, at::Tensor>;

// One value of a checkpoint: None, a number, a string, a tensor, a list (or tuple), a dict.
struct TorchValue {
  using List = std::vector<TorchValue>;
  using Dict = std::vector<std::pair<std::string, TorchValue>>;  // in file order
  using Variant =
      std::variant<std::monostate, bool, int64_t, double, std::string, at::Tensor, List, Dict>;

  Variant value;

  TorchValue() = default;
  template <typename T>
  requires std::constructible_from<Variant, T> &&
      (!std::same_as<std::decay_t<T>, TorchValue>)TorchValue(T&& v)
      : value(std::forward<T>(v)) {}  // NOLINT: a TorchValue is any of these
  TorchValue(const char* text) : value(std::string(text)) {}
  TorchValue(const StateDict& tensors);

  // A dict's entry; null if there is none or this is no dict.
  const TorchValue* Find(const std::string& key) const;
  // Typed access; UserError says `what` and what stands there instead.
  const TorchValue& At(const std::string& key, const std::string& what) const;
  int64_t AsInt(const std::string& what) const;
  double AsDouble(const std::string& what) const;  // also integers
  const std::string& AsString(const std::string& what) const;
  const at::Tensor& AsTensor(const std::string& what) const;
  const Dict& AsDict(const std::string& what) const;
  StateDict AsStateDict(const std::string& what) const;  // a dict with nothing but tensors
};

TorchValue ReadTorchFile(const std::filesystem::path& path);
void WriteTorchFile(const std::filesystem::path& path, const TorchValue& root);

}  // namespace gyre
