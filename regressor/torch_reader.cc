// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/as_strided.h>
#include <ATen/ops/empty.h>

#include <cstring>
#include <unordered_map>

#include "core/error.h"
#include "io/torch_archive.h"
#include "regressor/torch_file.h"
#include "regressor/torch_types.h"

namespace gyre {
namespace {

using Kind = PickleValue::Kind;

c10::ScalarType TypeOf(const TorchStorage& storage, const std::string& what) {
  for (const auto& [type, name] : kStorageTypes) {
    if (storage.type == name) return type;
  }
  ThrowUserError("{}: a tensor of type {} cannot be read", what, storage.type);
}

at::Tensor FromBytes(c10::ScalarType type, int64_t numel, std::string_view bytes) {
  at::Tensor elements = at::empty({numel}, type);
  if (!bytes.empty()) std::memcpy(elements.data_ptr(), bytes.data(), bytes.size());
  return elements;
}

// Turns the inert tree of a pickle into a TorchValue. What one pickle shares, the result repeats,
// so the number of values and of bytes is bounded by the file's size.
class TreeReader {
 public:
  explicit TreeReader(const TorchArchive& archive)
      : archive_(archive),
        what_(archive.name()),
        values_left_(1000 + 4 * archive.file_bytes()),
        bytes_left_((1 << 20) + 16 * archive.file_bytes()) {}

  TorchValue Read(const PickleValue& value, int depth = 0) {
    if (depth > 100) ThrowUserError("{}: nested too deeply", what_);
    Charge(&values_left_, 1);
    switch (value.kind) {
      case Kind::kNone:
        return {};
      case Kind::kBool:
        return value.integer != 0;
      case Kind::kInt:
        return value.integer;
      case Kind::kFloat:
        return value.real;
      case Kind::kString:
      case Kind::kBytes:
        Charge(&bytes_left_, value.text.size());
        return value.text;
      case Kind::kList:
      case Kind::kTuple:
      case Kind::kSet:
        return ReadList(value.items, depth);
      case Kind::kDict:
        return ReadDict(value, depth);
      case Kind::kArray:
        return ReadArray(*value.array);
      case Kind::kObject:
        return ReadObject(value, depth);
      default:
        ThrowUserError("{}: {} cannot be read as data", what_, value.KindName());
    }
  }

 private:
  void Charge(uint64_t* left, uint64_t amount) {
    if (amount > *left) ThrowUserError("{}: expands to far more than the file holds", what_);
    *left -= amount;
  }

  TorchValue::List ReadList(const std::vector<const PickleValue*>& items, int depth) {
    TorchValue::List list;
    for (const PickleValue* item : items) list.push_back(Read(*item, depth + 1));
    return list;
  }

  TorchValue::Dict ReadDict(const PickleValue& value, int depth) {
    TorchValue::Dict dict;
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
      const PickleValue& key = *value.items[i];
      if (!key.IsText() && key.kind != Kind::kInt) {
        ThrowUserError("{}: a dict's key is {}, expected text or an integer", what_,
                       key.KindName());
      }
      dict.emplace_back(key.IsText() ? key.text : std::to_string(key.integer),
                        Read(*value.items[i + 1], depth + 1));
    }
    return dict;
  }

  TorchValue ReadArray(const NdArray& array) {
    if (array.dtype == DType::kString) {
      TorchValue::List list(array.strings.begin(), array.strings.end());
      Charge(&values_left_, list.size());
      return list;
    }
    constexpr std::pair<DType, c10::ScalarType> kTypes[] = {
        {DType::kBool, c10::kBool},      {DType::kInt8, c10::kChar},
        {DType::kUInt8, c10::kByte},     {DType::kInt16, c10::kShort},
        {DType::kInt32, c10::kInt},      {DType::kInt64, c10::kLong},
        {DType::kFloat16, c10::kHalf},   {DType::kFloat32, c10::kFloat},
        {DType::kFloat64, c10::kDouble},
    };
    for (const auto& [dtype, type] : kTypes) {
      if (dtype != array.dtype) continue;
      Charge(&bytes_left_, array.bytes.size());
      return FromBytes(type, array.size(), array.bytes).view(array.shape);
    }
    ThrowUserError("{}: an array of {} cannot be read", what_, EnumName(array.dtype));
  }

  TorchValue ReadObject(const PickleValue& object, int depth) {
    if (TorchArchive::IsTensor(object)) return ReadTensor(archive_.TensorOf(object));
    const auto& args = object.args->AsSequence(what_ + ": " + object.text);
    const auto need = [&](size_t count) {
      if (args.size() < count) ThrowUserError("{}: {} is damaged", what_, object.text);
    };
    if (object.text == "torch.Size" && args.size() == 1) return Read(*args[0], depth + 1);
    if (object.text == "torch._utils._rebuild_parameter" ||
        object.text == "torch.nn.parameter.Parameter") {
      need(1);
      return Read(*args[0], depth + 1);
    }
    // The state of a generator of random numbers: of no use here.
    if (object.text.starts_with("numpy.random.")) return {};
    ThrowUserError("{}: an object of {} cannot be read as data", what_, object.text);
  }

  at::Tensor ElementsOf(const TorchStorage& storage) {
    const c10::ScalarType type = TypeOf(storage, what_);
    const auto known = storages_.find(storage.key);
    if (known != storages_.end() && known->second.scalar_type() == type &&
        known->second.numel() == storage.numel) {
      return known->second;
    }
    return storages_[storage.key] = FromBytes(type, storage.numel, archive_.Bytes(storage));
  }

  at::Tensor ReadTensor(const TorchTensor& view) {
    const at::Tensor storage = ElementsOf(view.storage);
    at::Tensor tensor = at::as_strided(storage, view.sizes, view.strides, view.offset);
    Charge(&bytes_left_, static_cast<uint64_t>(tensor.numel()) * tensor.element_size());
    // A tensor that is its whole storage keeps it; others must not hold on to more than they show.
    return tensor.is_contiguous() && tensor.numel() == storage.numel()
               ? tensor
               : tensor.clone(at::MemoryFormat::Contiguous);
  }

  const TorchArchive& archive_;
  const std::string what_;
  uint64_t values_left_, bytes_left_;
  std::unordered_map<std::string, at::Tensor> storages_;
};

}  // namespace

TorchValue ReadTorchFile(const std::filesystem::path& path) {
  const TorchArchive archive(path);
  return TreeReader(archive).Read(archive.root());
}

}  // namespace gyre
