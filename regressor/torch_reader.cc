// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/as_strided.h>
#include <ATen/ops/empty.h>

#include <cstring>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/file.h"
#include "io/pickle.h"
#include "io/zip.h"
#include "regressor/torch_file.h"
#include "regressor/torch_types.h"

namespace gyre {
namespace {

using Kind = PickleValue::Kind;

PickleOptions TorchPickleOptions() {
  PickleOptions options;
  options.persistent_ids = true;
  options.more_globals = {"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
                          "torch._utils._rebuild_parameter", "torch.nn.parameter.Parameter",
                          "torch.Size"};
  for (const auto& [type, name] : kStorageTypes) {
    options.more_globals.push_back(std::string("torch.") + name);
  }
  return options;
}

// What a persistent id says of a storage: ('storage', type, key, location, numel), in legacy files
// followed by None or (key of the view, offset, numel of the view).
struct StorageId {
  c10::ScalarType type;
  std::string key;
  int64_t numel;
  int64_t view_offset = 0;

  int64_t bytes() const { return numel * static_cast<int64_t>(c10::elementSize(type)); }
};

c10::ScalarType StorageType(const std::string& global, const std::string& what) {
  for (const auto& [type, name] : kStorageTypes) {
    if (global == std::string("torch.") + name) return type;
  }
  ThrowUserError("{}: a tensor of type {} cannot be read", what, global);
}

StorageId ParseStorageId(const PickleValue& value, const std::string& what) {
  if (value.kind != Kind::kPersistentId || value.args == nullptr) {
    ThrowUserError("{}: a tensor without a storage", what);
  }
  const auto& id = value.args->AsSequence(what + ": storage id");
  if (id.size() < 5 || id[1]->kind != Kind::kGlobal) {
    ThrowUserError("{}: the id of a storage is damaged", what);
  }
  StorageId storage{.type = StorageType(id[1]->text, what),
                    .key = id[2]->AsText(what + ": storage key"),
                    .numel = id[4]->AsInt(what + ": storage size")};
  if (storage.numel < 0 || storage.numel > (int64_t{1} << 50)) {
    ThrowUserError("{}: storage {} declares {} elements", what, storage.key, storage.numel);
  }
  if (id.size() > 5 && !id[5]->IsNone()) {
    const auto& view = id[5]->AsSequence(what + ": storage view");
    if (view.size() != 3) ThrowUserError("{}: the view of a storage is damaged", what);
    storage.view_offset = view[1]->AsInt(what + ": storage view");
  }
  return storage;
}

// Gives the elements of a storage as a flat tensor.
using StorageSource = std::function<at::Tensor(const StorageId&)>;

at::Tensor FromBytes(const StorageId& id, std::string_view bytes) {
  at::Tensor storage = at::empty({id.numel}, id.type);
  if (!bytes.empty()) std::memcpy(storage.data_ptr(), bytes.data(), bytes.size());
  return storage;
}

// Turns the inert tree of a pickle into a TorchValue. What one pickle shares, the result repeats,
// so the number of values and of bytes is bounded by the file's size.
class TreeReader {
 public:
  TreeReader(std::string what, uint64_t file_bytes, StorageSource storages)
      : what_(std::move(what)),
        values_left_(1000 + 4 * file_bytes),
        bytes_left_((1 << 20) + 16 * file_bytes),
        storages_(std::move(storages)) {}

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
      return FromBytes({type, "", array.size()}, array.bytes).view(array.shape);
    }
    ThrowUserError("{}: an array of {} cannot be read", what_, EnumName(array.dtype));
  }

  TorchValue ReadObject(const PickleValue& object, int depth) {
    const auto& args = object.args->AsSequence(what_ + ": " + object.text);
    const auto need = [&](size_t count) {
      if (args.size() < count) ThrowUserError("{}: {} is damaged", what_, object.text);
    };
    if (object.text.starts_with("torch._utils._rebuild_tensor")) {
      need(4);
      return ReadTensor(args);
    }
    if (object.text == "torch.Size" && args.size() == 1) return Read(*args[0], depth + 1);
    if (object.text == "torch._utils._rebuild_parameter" ||
        object.text == "torch.nn.parameter.Parameter") {
      need(1);
      return Read(*args[0], depth + 1);
    }
    ThrowUserError("{}: an object of {} cannot be read as data", what_, object.text);
  }

  // A tuple, or a torch.Size made of one.
  std::vector<int64_t> ReadInts(const PickleValue& value) {
    const PickleValue* tuple = &value;
    if (value.IsObject("torch.Size") && value.args->items.size() == 1) tuple = value.args->items[0];
    std::vector<int64_t> ints;
    for (const PickleValue* item : tuple->AsSequence(what_ + ": shape")) {
      ints.push_back(item->AsInt(what_ + ": shape"));
    }
    return ints;
  }

  at::Tensor ReadTensor(const std::vector<const PickleValue*>& args) {
    const StorageId id = ParseStorageId(*args[0], what_);
    const std::vector<int64_t> sizes = ReadInts(*args[2]), strides = ReadInts(*args[3]);
    __int128 offset = args[1]->AsInt(what_ + ": offset");
    offset += id.view_offset;
    CheckExtent(id, offset, sizes, strides);
    const at::Tensor storage = storages_(id);
    at::Tensor tensor = at::as_strided(storage, sizes, strides, static_cast<int64_t>(offset));
    Charge(&bytes_left_, static_cast<uint64_t>(tensor.numel()) * tensor.element_size());
    // A tensor that is its whole storage keeps it; others must not hold on to more than they show.
    return tensor.is_contiguous() && tensor.numel() == storage.numel()
               ? tensor
               : tensor.clone(at::MemoryFormat::Contiguous);
  }

  void CheckExtent(const StorageId& id, __int128 offset, const std::vector<int64_t>& sizes,
                   const std::vector<int64_t>& strides) {
    const auto fail = [&] {
      ThrowUserError("{}: a tensor reaches outside its storage {}", what_, id.key);
    };
    if (sizes.size() != strides.size() || sizes.size() > 64 || offset < 0) fail();
    __int128 last = offset, numel = 1;
    constexpr int64_t kLimit = int64_t{1} << 50;
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] < 0 || strides[i] < 0 || sizes[i] > kLimit || strides[i] > kLimit) fail();
      numel *= sizes[i];
      if (numel > kLimit) fail();
      last += static_cast<__int128>(sizes[i] - 1) * strides[i];
    }
    if (numel == 0 ? offset > id.numel : last >= id.numel) fail();
  }

  std::string what_;
  uint64_t values_left_, bytes_left_;
  StorageSource storages_;
};

TorchValue ReadZipFormat(std::string content, const std::string& what) {
  const uint64_t file_bytes = content.size();
  const ZipReader zip(std::move(content), what);
  std::string prefix;
  for (const std::string& name : zip.names()) {
    if (name.ends_with("/data.pkl")) prefix = name.substr(0, name.size() - 8);
  }
  if (prefix.empty()) {
    ThrowUserError("{}: a zip archive without data.pkl, so not written by torch.save", what);
  }
  if (zip.Has(prefix + "constants.pkl")) {
    ThrowUserError("{}: a TorchScript archive, expected a file of torch.save", what);
  }
  if (zip.Has(prefix + "byteorder") && zip.Read(prefix + "byteorder", 64) != "little") {
    ThrowUserError("{}: written on a big-endian machine, which cannot be read", what);
  }
  const std::string tree = zip.Read(prefix + "data.pkl", uint64_t{256} << 20);
  std::unordered_map<std::string, at::Tensor> cache;
  const auto storages = [&](const StorageId& id) {
    const auto known = cache.find(id.key);
    if (known != cache.end() && known->second.scalar_type() == id.type &&
        known->second.numel() == id.numel) {
      return known->second;
    }
    const std::string bytes = zip.Read(prefix + "data/" + id.key, id.bytes());
    if (static_cast<int64_t>(bytes.size()) != id.bytes()) {
      ThrowUserError("{}: storage {} has {} bytes, expected {}", what, id.key, bytes.size(),
                     id.bytes());
    }
    return cache[id.key] = FromBytes(id, bytes);
  };
  const Pickle pickle = ParsePickle(tree, what, TorchPickleOptions());
  return TreeReader(what, file_bytes, storages).Read(pickle.root());
}

// Every storage that a tree refers to, by key. The tree may share and repeat values.
std::unordered_map<std::string, StorageId> FindStorages(const PickleValue& root,
                                                        const std::string& what) {
  std::unordered_map<std::string, StorageId> storages;
  std::unordered_set<const PickleValue*> seen;
  std::vector<const PickleValue*> open = {&root};
  while (!open.empty()) {
    const PickleValue* value = open.back();
    open.pop_back();
    if (value == nullptr || !seen.insert(value).second) continue;
    if (value->kind == Kind::kPersistentId) {
      const StorageId id = ParseStorageId(*value, what);
      storages.emplace(id.key, id);
    }
    open.insert(open.end(), value->items.begin(), value->items.end());
    open.push_back(value->args);
    open.push_back(value->state);
  }
  return storages;
}

// Pickles in a row: magic number, protocol, machine, the tree, the storages' keys; then for each
// key the number of elements (8 bytes) and the elements.
TorchValue ReadLegacyFormat(std::string_view content, const std::string& what) {
  const uint64_t file_bytes = content.size();
  const auto next = [&] {
    Pickle pickle = ParsePickle(content, what, TorchPickleOptions());
    content.remove_prefix(pickle.bytes_consumed());
    return pickle;
  };
  constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
  const Pickle magic = next();
  if (magic.root().kind != Kind::kBigInt || magic.root().text != kMagic) {
    ThrowUserError("{}: not a file of torch.save", what);
  }
  const int64_t protocol = next().root().AsInt(what + ": protocol");
  if (protocol != 1001) ThrowUserError("{}: protocol {}, expected 1001", what, protocol);
  const Pickle machine = next();
  const PickleValue* little_endian = machine.root().Find("little_endian");
  if (little_endian != nullptr && !little_endian->AsBool(what + ": little_endian")) {
    ThrowUserError("{}: written on a big-endian machine, which cannot be read", what);
  }
  const Pickle tree = next();
  const Pickle keys = next();

  const auto ids = FindStorages(tree.root(), what);
  std::unordered_map<std::string, at::Tensor> storages;
  for (const PickleValue* item : keys.root().AsSequence(what + ": storage keys")) {
    const std::string& key = item->AsText(what + ": storage key");
    const auto id = ids.find(key);
    uint64_t numel = 0;
    if (id == ids.end() || content.size() < sizeof numel) {
      ThrowUserError("{}: the table of storages is damaged", what);
    }
    std::memcpy(&numel, content.data(), sizeof numel);
    content.remove_prefix(sizeof numel);
    const auto bytes = static_cast<uint64_t>(id->second.bytes());
    if (numel != static_cast<uint64_t>(id->second.numel) || bytes > content.size()) {
      ThrowUserError("{}: storage {} is truncated", what, key);
    }
    storages[key] = FromBytes(id->second, content.substr(0, bytes));
    content.remove_prefix(bytes);
  }
  const auto source = [&](const StorageId& id) {
    const auto storage = storages.find(id.key);
    if (storage == storages.end() || storage->second.scalar_type() != id.type ||
        storage->second.numel() != id.numel) {
      ThrowUserError("{}: storage {} is missing", what, id.key);
    }
    return storage->second;
  };
  return TreeReader(what, file_bytes, source).Read(tree.root());
}

}  // namespace

TorchValue ReadTorchFile(const std::filesystem::path& path) {
  std::string content = ReadFile(path);
  const std::string what = path.string();
  if (content.starts_with("PK")) return ReadZipFormat(std::move(content), what);
  if (content.starts_with("\x80\x02\x8a\x0a")) return ReadLegacyFormat(content, what);
  ThrowUserError("{}: not a file of torch.save (neither a zip archive nor the legacy format)",
                 what);
}

}  // namespace gyre
