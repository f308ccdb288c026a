// SPDX-License-Identifier: Apache-2.0
// A checkpoint as torch.save writes it: a zip of stored entries, the tree in data.pkl (pickle,
// protocol 2) and the elements of tensor N in data/N.
#include <bit>
#include <cstring>
#include <string_view>

#include "core/error.h"
#include "io/zip.h"
#include "regressor/torch_file.h"
#include "regressor/torch_types.h"

namespace gyre {
namespace {

static_assert(std::endian::native == std::endian::little, "storages are little endian");

// Writes opcodes of Python's pickletools; each method leaves one value on the reader's stack.
class TreePickler {
 public:
  std::string Run(const TorchValue& root) {
    out_ = "\x80\x02";  // PROTO 2
    Put(root);
    out_ += '.';  // STOP
    return std::move(out_);
  }
  std::vector<std::string>& storages() { return storages_; }

 private:
  void Put(const TorchValue& value) {
    std::visit([this](const auto& v) { PutValue(v); }, value.value);
  }

  void PutValue(std::monostate) { out_ += 'N'; }
  void PutValue(bool v) { out_ += v ? '\x88' : '\x89'; }
  void PutValue(int64_t v) {
    if (v == static_cast<int32_t>(v)) {
      out_ += 'J';  // BININT
      PutBytes(static_cast<int32_t>(v));
    } else {
      out_ += "\x8a\x08";  // LONG1 of 8 bytes
      PutBytes(v);
    }
  }
  void PutValue(double v) {
    out_ += 'G';  // BINFLOAT, big endian
    const auto bits = std::bit_cast<uint64_t>(v);
    for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>(bits >> shift);
  }
  void PutValue(const std::string& v) {
    out_ += 'X';  // BINUNICODE
    PutBytes(static_cast<uint32_t>(v.size()));
    out_ += v;
  }
  void PutValue(const TorchValue::List& list) {
    out_ += "](";  // EMPTY_LIST MARK
    for (const TorchValue& item : list) Put(item);
    out_ += 'e';  // APPENDS
  }
  void PutValue(const TorchValue::Dict& dict) {
    out_ += "}(";  // EMPTY_DICT MARK
    for (const auto& [key, item] : dict) {
      PutValue(key);
      Put(item);
    }
    out_ += 'u';  // SETITEMS
  }
  // _rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, OrderedDict()).
  void PutValue(const at::Tensor& tensor) {
    GYRE_CHECK(tensor.defined(), "an undefined tensor cannot be written");
    const at::Tensor plain = tensor.detach().to(at::kCPU).contiguous();
    PutGlobal("torch._utils", "_rebuild_tensor_v2");
    out_ += '(';
    PutStorage(plain);
    PutValue(int64_t{0});
    PutTuple(plain.sizes());
    PutTuple(plain.strides());
    PutValue(false);
    PutGlobal("collections", "OrderedDict");
    out_ += ")RtR";  // EMPTY_TUPLE REDUCE TUPLE REDUCE
  }
  void PutStorage(const at::Tensor& plain) {
    out_ += '(';
    PutValue(std::string("storage"));
    PutGlobal("torch", StorageName(plain.scalar_type()));
    PutValue(std::to_string(storages_.size()));
    PutValue(std::string("cpu"));
    PutValue(plain.numel());
    out_ += "tQ";  // TUPLE BINPERSID
    storages_.emplace_back(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  }
  void PutTuple(at::IntArrayRef values) {
    out_ += '(';
    for (const int64_t v : values) PutValue(v);
    out_ += 't';
  }
  void PutGlobal(std::string_view module, std::string_view name) {
    out_.append("c").append(module).append("\n").append(name).append("\n");
  }
  template <typename T>
  void PutBytes(T v) {
    out_.append(reinterpret_cast<const char*>(&v), sizeof v);
  }

  static std::string_view StorageName(c10::ScalarType type) {
    for (const auto& [known, name] : kStorageTypes) {
      if (known == type) return name;
    }
    GYRE_CHECK(false, "tensors of {} cannot be written", c10::toString(type));
    return {};
  }

  std::string out_;
  std::vector<std::string> storages_;
};

}  // namespace

void WriteTorchFile(const std::filesystem::path& path, const TorchValue& root) {
  TreePickler pickler;
  std::vector<ZipEntry> entries;
  entries.push_back({"archive/data.pkl", pickler.Run(root)});
  for (size_t i = 0; i < pickler.storages().size(); ++i) {
    entries.push_back({"archive/data/" + std::to_string(i), std::move(pickler.storages()[i])});
  }
  entries.push_back({"archive/version", "3\n"});
  WriteZip(path, entries, ZipMethod::kStored);
}

}  // namespace gyre
