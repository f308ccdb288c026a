// SPDX-License-Identifier: Apache-2.0
#include "core/error.h"
#include "regressor/torch_file.h"

namespace gyre {
namespace {

const char* KindName(const TorchValue& value) {
  constexpr const char* kNames[] = {"None",     "a bool",   "an integer", "a number",
                                    "a string", "a tensor", "a list",     "a dict"};
  return kNames[value.value.index()];
}

template <typename T>
const T& As(const TorchValue& value, const std::string& what, const char* expected) {
  const T* typed = std::get_if<T>(&value.value);
  if (typed == nullptr) ThrowUserError("{} is {}, expected {}", what, KindName(value), expected);
  return *typed;
}

}  // namespace

TorchValue::TorchValue(const StateDict& tensors) : value(Dict()) {
  for (const auto& [name, tensor] : tensors) std::get<Dict>(value).emplace_back(name, tensor);
}

const TorchValue* TorchValue::Find(const std::string& key) const {
  const Dict* dict = std::get_if<Dict>(&value);
  if (dict == nullptr) return nullptr;
  for (const auto& [name, entry] : *dict) {
    if (name == key) return &entry;
  }
  return nullptr;
}

const TorchValue& TorchValue::At(const std::string& key, const std::string& what) const {
  const TorchValue* entry = Find(key);
  if (entry != nullptr) return *entry;
  std::string keys;
  for (const auto& [name, unused] : AsDict(what)) {
    if (keys.size() > 200) {
      keys += ", ...";
      break;
    }
    keys += (keys.empty() ? "" : ", ") + name;
  }
  ThrowUserError("{} has no \"{}\"; it has: {}", what, key, keys.empty() ? "nothing" : keys);
}

int64_t TorchValue::AsInt(const std::string& what) const {
  return As<int64_t>(*this, what, "an integer");
}

double TorchValue::AsDouble(const std::string& what) const {
  if (const int64_t* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  return As<double>(*this, what, "a number");
}

const std::string& TorchValue::AsString(const std::string& what) const {
  return As<std::string>(*this, what, "a string");
}

const at::Tensor& TorchValue::AsTensor(const std::string& what) const {
  return As<at::Tensor>(*this, what, "a tensor");
}

const TorchValue::Dict& TorchValue::AsDict(const std::string& what) const {
  return As<Dict>(*this, what, "a dict");
}

StateDict TorchValue::AsStateDict(const std::string& what) const {
  StateDict tensors;
  for (const auto& [name, entry] : AsDict(what)) {
    tensors[name] = entry.AsTensor(what + ": " + name);
  }
  return tensors;
}

}  // namespace gyre
