// SPDX-License-Identifier: Apache-2.0
#include "io/torch_archive.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/file.h"
#include "io/zip.h"

namespace gyre {
namespace {

using Kind = PickleValue::Kind;

struct Element {
  const char* storage;
  int64_t bytes;
  std::optional<DType> dtype;  // none: NumPy has no such type
};
const Element kElements[] = {
    {"FloatStorage", 4, DType::kFloat32}, {"DoubleStorage", 8, DType::kFloat64},
    {"HalfStorage", 2, DType::kFloat16},  {"BFloat16Storage", 2, std::nullopt},
    {"LongStorage", 8, DType::kInt64},    {"IntStorage", 4, DType::kInt32},
    {"ShortStorage", 2, DType::kInt16},   {"CharStorage", 1, DType::kInt8},
    {"ByteStorage", 1, DType::kUInt8},    {"BoolStorage", 1, DType::kBool},
};

constexpr int64_t kMostElements = int64_t{1} << 50;

const Element* FindElement(std::string_view storage) {
  const auto found = std::ranges::find(kElements, storage, &Element::storage);
  return found == std::end(kElements) ? nullptr : found;
}

PickleOptions TorchPickleOptions() {
  PickleOptions options;
  options.persistent_ids = true;
  options.more_globals = {"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
                          "torch._utils._rebuild_parameter", "torch.nn.parameter.Parameter",
                          "torch.Size", "numpy.random.*"};
  for (const Element& element : kElements) {
    options.more_globals.push_back(std::string("torch.") + element.storage);
  }
  return options;
}

// A persistent id: ('storage', type, key, location, numel), in legacy files followed by None or
// (key of the view, offset, numel of the view).
struct StorageId {
  TorchStorage storage;
  int64_t view_offset = 0;
};

StorageId ParseStorageId(const PickleValue& value, const std::string& what) {
  if (value.kind != Kind::kPersistentId || value.args == nullptr) {
    ThrowUserError("{}: a tensor without a storage", what);
  }
  const auto& id = value.args->AsSequence(what + ": storage id");
  if (id.size() < 5 || id[1]->kind != Kind::kGlobal) {
    ThrowUserError("{}: the id of a storage is damaged", what);
  }
  constexpr std::string_view kTorch = "torch.";
  const std::string& type = id[1]->text;
  const Element* element =
      type.starts_with(kTorch) ? FindElement(type.substr(kTorch.size())) : nullptr;
  if (element == nullptr) ThrowUserError("{}: a tensor of type {} cannot be read", what, type);
  StorageId parsed;
  parsed.storage = {element->storage, id[2]->AsText(what + ": storage key"),
                    id[4]->AsInt(what + ": storage size")};
  const int64_t numel = parsed.storage.numel;
  if (numel < 0 || numel > kMostElements) {
    ThrowUserError("{}: storage {} declares {} elements", what, parsed.storage.key, numel);
  }
  parsed.storage.bytes = numel * element->bytes;
  if (id.size() > 5 && !id[5]->IsNone()) {
    const auto& view = id[5]->AsSequence(what + ": storage view");
    if (view.size() != 3) ThrowUserError("{}: the view of a storage is damaged", what);
    parsed.view_offset = view[1]->AsInt(what + ": storage view");
  }
  return parsed;
}

// Every storage that a tree refers to, by key. The tree may share and repeat values.
std::unordered_map<std::string, TorchStorage> FindStorages(const PickleValue& root,
                                                           const std::string& what) {
  std::unordered_map<std::string, TorchStorage> storages;
  std::unordered_set<const PickleValue*> seen;
  std::vector<const PickleValue*> open = {&root};
  while (!open.empty()) {
    const PickleValue* value = open.back();
    open.pop_back();
    if (value == nullptr || !seen.insert(value).second) continue;
    if (value->kind == Kind::kPersistentId) {
      const TorchStorage storage = ParseStorageId(*value, what).storage;
      storages.emplace(storage.key, storage);
    }
    open.insert(open.end(), value->items.begin(), value->items.end());
    open.push_back(value->args);
    open.push_back(value->state);
  }
  return storages;
}

// A tuple, or a torch.Size made of one.
std::vector<int64_t> ReadInts(const PickleValue& value, const std::string& what) {
  const PickleValue* tuple = &value;
  if (value.IsObject("torch.Size") && value.args->items.size() == 1) tuple = value.args->items[0];
  std::vector<int64_t> ints;
  for (const PickleValue* item : tuple->AsSequence(what)) ints.push_back(item->AsInt(what));
  return ints;
}

// The largest that `offset` can be for a view to stay inside of `numel` elements.
bool IsInside(int64_t numel, __int128 offset, const TorchTensor& view) {
  if (view.sizes.size() != view.strides.size() || view.sizes.size() > 64 || offset < 0)
    return false;
  __int128 last = offset, count = 1;
  for (size_t i = 0; i < view.sizes.size(); ++i) {
    const int64_t size = view.sizes[i], stride = view.strides[i];
    if (size < 0 || stride < 0 || size > kMostElements || stride > kMostElements) return false;
    count *= size;
    if (count > kMostElements) return false;
    last += static_cast<__int128>(size - 1) * stride;
  }
  return count == 0 ? offset <= numel : last < numel;
}

}  // namespace

int64_t TorchTensor::numel() const {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  return count;
}

struct TorchArchive::Content {
  std::string name;
  uint64_t file_bytes = 0;
  Pickle tree;
  std::optional<ZipReader> zip;  // the zip format, its entries' names beginning with `prefix`
  std::string prefix;
  std::string legacy;  // the legacy format's file, and its storages in it
  struct Place {
    TorchStorage storage;
    size_t begin;
  };
  std::unordered_map<std::string, Place> places;

  void ReadZip(std::string content);
  void ReadLegacy(std::string content);
};

void TorchArchive::Content::ReadZip(std::string content) {
  zip.emplace(std::move(content), name);
  for (const std::string& entry : zip->names()) {
    if (entry.ends_with("/data.pkl")) prefix = entry.substr(0, entry.size() - 8);
  }
  if (prefix.empty()) {
    ThrowUserError("{}: a zip archive without data.pkl, so not written by torch.save", name);
  }
  if (zip->Has(prefix + "constants.pkl")) {
    ThrowUserError("{}: a TorchScript archive, expected a file of torch.save", name);
  }
  if (zip->Has(prefix + "byteorder") && zip->Read(prefix + "byteorder", 64) != "little") {
    ThrowUserError("{}: written on a big-endian machine, which cannot be read", name);
  }
  tree =
      ParsePickle(zip->Read(prefix + "data.pkl", uint64_t{256} << 20), name, TorchPickleOptions());
}

// Pickles in a row: magic number, protocol, machine, the tree, the storages' keys; then for each
// key the number of elements (8 bytes) and the elements.
void TorchArchive::Content::ReadLegacy(std::string content) {
  legacy = std::move(content);
  std::string_view rest = legacy;
  const auto next = [&] {
    Pickle pickle = ParsePickle(rest, name, TorchPickleOptions());
    rest.remove_prefix(pickle.bytes_consumed());
    return pickle;
  };
  constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
  const Pickle magic = next();
  if (magic.root().kind != Kind::kBigInt || magic.root().text != kMagic) {
    ThrowUserError("{}: not a file of torch.save", name);
  }
  const int64_t protocol = next().root().AsInt(name + ": protocol");
  if (protocol != 1001) ThrowUserError("{}: protocol {}, expected 1001", name, protocol);
  const Pickle machine = next();
  const PickleValue* little_endian = machine.root().Find("little_endian");
  if (little_endian != nullptr && !little_endian->AsBool(name + ": little_endian")) {
    ThrowUserError("{}: written on a big-endian machine, which cannot be read", name);
  }
  tree = next();
  const Pickle keys = next();
  const auto storages = FindStorages(tree.root(), name);
  for (const PickleValue* item : keys.root().AsSequence(name + ": storage keys")) {
    const std::string& key = item->AsText(name + ": storage key");
    const auto named = storages.find(key);
    uint64_t numel = 0;
    if (named == storages.end() || rest.size() < sizeof numel) {
      ThrowUserError("{}: the table of storages is damaged", name);
    }
    std::memcpy(&numel, rest.data(), sizeof numel);
    rest.remove_prefix(sizeof numel);
    const TorchStorage& storage = named->second;
    const auto bytes = static_cast<uint64_t>(storage.bytes);
    if (numel != static_cast<uint64_t>(storage.numel) || bytes > rest.size()) {
      ThrowUserError("{}: storage {} is truncated", name, key);
    }
    places[key] = {storage, static_cast<size_t>(rest.data() - legacy.data())};
    rest.remove_prefix(bytes);
  }
}

TorchArchive::TorchArchive(const std::filesystem::path& path) {
  auto content = std::make_unique<Content>();
  std::string file = ReadFile(path);
  content->name = path.string();
  content->file_bytes = file.size();
  if (file.starts_with("PK")) {
    content->ReadZip(std::move(file));
  } else if (file.starts_with("\x80\x02\x8a\x0a")) {
    content->ReadLegacy(std::move(file));
  } else {
    ThrowUserError("{}: not a file of torch.save (neither a zip archive nor the legacy format)",
                   content->name);
  }
  content_ = std::move(content);
}

TorchArchive::~TorchArchive() = default;
TorchArchive::TorchArchive(TorchArchive&&) noexcept = default;

const std::string& TorchArchive::name() const { return content_->name; }
uint64_t TorchArchive::file_bytes() const { return content_->file_bytes; }
const PickleValue& TorchArchive::root() const { return content_->tree.root(); }

bool TorchArchive::IsTensor(const PickleValue& value) {
  return value.kind == Kind::kObject && value.text.starts_with("torch._utils._rebuild_tensor");
}

TorchTensor TorchArchive::TensorOf(const PickleValue& value) const {
  GYRE_CHECK(IsTensor(value));
  const auto& args = value.args->AsSequence(name() + ": " + value.text);
  if (args.size() < 4) ThrowUserError("{}: {} is damaged", name(), value.text);
  const StorageId id = ParseStorageId(*args[0], name());
  TorchTensor view{id.storage, ReadInts(*args[2], name() + ": shape"),
                   ReadInts(*args[3], name() + ": shape")};
  __int128 offset = args[1]->AsInt(name() + ": offset");
  offset += id.view_offset;
  if (!IsInside(id.storage.numel, offset, view)) {
    ThrowUserError("{}: a tensor reaches outside its storage {}", name(), id.storage.key);
  }
  view.offset = static_cast<int64_t>(offset);
  return view;
}

std::string TorchArchive::Bytes(const TorchStorage& storage) const {
  if (content_->zip) {
    std::string bytes =
        content_->zip->Read(content_->prefix + "data/" + storage.key, storage.bytes);
    if (static_cast<int64_t>(bytes.size()) != storage.bytes) {
      ThrowUserError("{}: storage {} has {} bytes, expected {}", name(), storage.key, bytes.size(),
                     storage.bytes);
    }
    return bytes;
  }
  const auto place = content_->places.find(storage.key);
  if (place == content_->places.end() || place->second.storage.type != storage.type ||
      place->second.storage.numel != storage.numel) {
    ThrowUserError("{}: storage {} is missing", name(), storage.key);
  }
  return content_->legacy.substr(place->second.begin, storage.bytes);
}

std::map<std::string, NdArray> ReadTorchStateDict(const std::filesystem::path& path) {
  const TorchArchive archive(path);
  const PickleValue& root = archive.root();
  if (root.kind != Kind::kDict) {
    ThrowUserError("{}: {}, expected a state_dict: tensors by name", archive.name(),
                   root.KindName());
  }
  uint64_t bytes_left = (1 << 20) + 16 * archive.file_bytes();  // storages may be shared
  std::map<std::string, NdArray> arrays;
  for (size_t i = 0; i + 1 < root.items.size(); i += 2) {
    const std::string& name = root.items[i]->AsText(archive.name() + ": name of a tensor");
    const PickleValue& value = *root.items[i + 1];
    if (!TorchArchive::IsTensor(value)) {
      ThrowUserError("{}: key '{}' is {}, expected a tensor", archive.name(), name,
                     value.KindName());
    }
    const TorchTensor tensor = archive.TensorOf(value);
    const Element& element = *FindElement(tensor.storage.type);
    if (!element.dtype) {
      ThrowUserError("{}: key '{}' is of {}, which cannot be read", archive.name(), name,
                     element.storage);
    }
    const uint64_t bytes = static_cast<uint64_t>(tensor.numel()) * element.bytes;
    const uint64_t cost = bytes + static_cast<uint64_t>(tensor.storage.bytes);
    if (cost > bytes_left) {
      ThrowUserError("{}: expands to far more than the file holds", archive.name());
    }
    bytes_left -= cost;
    const std::string storage = archive.Bytes(tensor.storage);
    NdArray array{*element.dtype, tensor.sizes, {}, {}};
    array.bytes.reserve(bytes);
    std::vector<int64_t> at(tensor.sizes.size(), 0);
    for (int64_t left = tensor.numel(); left > 0; --left) {
      int64_t position = tensor.offset;
      for (size_t axis = 0; axis < at.size(); ++axis) position += at[axis] * tensor.strides[axis];
      array.bytes.append(storage, position * element.bytes, element.bytes);
      for (size_t axis = at.size(); axis-- > 0 && ++at[axis] == tensor.sizes[axis];) at[axis] = 0;
    }
    arrays[name] = std::move(array);
  }
  return arrays;
}

}  // namespace gyre
