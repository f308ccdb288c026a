// SPDX-License-Identifier: Apache-2.0
#include "io/pickle.h"

#include <algorithm>

#include "core/enum_names.h"
#include "core/error.h"
#include "core/file.h"

namespace gyre {
namespace {

using Kind = PickleValue::Kind;

// The dict that holds an object's attributes, or null. With __slots__ the state is a pair.
const PickleValue* Attributes(const PickleValue& value) {
  if (value.kind == Kind::kDict) return &value;
  const PickleValue* state = value.kind == Kind::kObject ? value.state : nullptr;
  if (state != nullptr && state->kind == Kind::kTuple && state->items.size() == 2) {
    state = state->items[0];
  }
  return state != nullptr && state->kind == Kind::kDict ? state : nullptr;
}

// scipy.sparse in compressed columns (csc) or rows (csr): entries indptr[i] .. indptr[i + 1] - 1 of
// `data` stand in column (row) i, at the rows (columns) in `indices`.
NdArray DenseFromSparse(const PickleValue& value, bool by_column, const std::string& what) {
  const PickleValue* shape_value = value.Find("_shape");
  const PickleValue& shape_tuple = shape_value ? *shape_value : value.At("shape", what);
  std::vector<int64_t> shape;
  for (const PickleValue* extent : shape_tuple.AsSequence(what)) {
    shape.push_back(extent->AsInt(what));
  }
  const auto data = value.At("data", what).AsArray(what + ": data").As<double>(what);
  const auto indices = value.At("indices", what).AsArray(what + ": indices").As<int64_t>(what);
  const auto indptr = value.At("indptr", what).AsArray(what + ": indptr").As<int64_t>(what);
  // SMPL's joint regressor is 24 to 700 times as large as what is stored of it.
  constexpr int64_t kMaxExpansion = 4096;
  const auto stored = static_cast<int64_t>(data.size() + indptr.size());
  const int64_t most = std::min(int64_t{1} << 27, kMaxExpansion * stored);
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > most / shape[1]) {
    ThrowUserError("{}: sparse matrix of shape ({}), expected two extents and at most {} elements",
                   what, fmt::join(shape, ", "), most);
  }
  const int64_t lines = by_column ? shape[1] : shape[0];
  const int64_t across = by_column ? shape[0] : shape[1];
  const auto count = static_cast<int64_t>(data.size());
  bool good = indices.size() == data.size() && indptr.size() == static_cast<size_t>(lines) + 1 &&
              indptr.front() == 0 && indptr.back() == count;
  RowMatX dense = RowMatX::Zero(shape[0], shape[1]);
  for (int64_t line = 0; good && line < lines; ++line) {
    const auto l = static_cast<size_t>(line);
    good = indptr[l] <= indptr[l + 1] && indptr[l] >= 0 && indptr[l + 1] <= count;
    for (int64_t k = indptr[l]; good && k < indptr[l + 1]; ++k) {
      const int64_t other = indices[static_cast<size_t>(k)];
      good = other >= 0 && other < across;
      if (!good) break;
      dense(by_column ? other : line, by_column ? line : other) += data[static_cast<size_t>(k)];
    }
  }
  if (!good) ThrowUserError("{}: the sparse matrix contradicts itself; the file is damaged", what);
  return NdArray::FromMatrix(dense);
}

}  // namespace

template <>
struct EnumNames<PickleValue::Kind> {
  using Kind = PickleValue::Kind;
  static constexpr NameOf<Kind> kAll[] = {{Kind::kNone, "None"},
                                          {Kind::kBool, "bool"},
                                          {Kind::kInt, "int"},
                                          {Kind::kBigInt, "long int"},
                                          {Kind::kFloat, "float"},
                                          {Kind::kString, "string"},
                                          {Kind::kBytes, "bytes"},
                                          {Kind::kList, "list"},
                                          {Kind::kTuple, "tuple"},
                                          {Kind::kSet, "set"},
                                          {Kind::kDict, "dict"},
                                          {Kind::kArray, "numpy array"},
                                          {Kind::kGlobal, "class name"},
                                          {Kind::kObject, "object"},
                                          {Kind::kPersistentId, "reference to outside data"}};
};

const char* PickleValue::KindName() const { return EnumName(kind); }

bool PickleValue::AsBool(const std::string& what) const {
  if (kind != Kind::kBool && kind != Kind::kInt) {
    ThrowUserError("{}: expected True or False, found a {}", what, KindName());
  }
  return integer != 0;
}

int64_t PickleValue::AsInt(const std::string& what) const {
  if (kind == Kind::kArray && array->size() == 1) return array->As<int64_t>(what)[0];
  if (kind != Kind::kBool && kind != Kind::kInt) {
    ThrowUserError("{}: expected a whole number, found a {}", what, KindName());
  }
  return integer;
}

double PickleValue::AsDouble(const std::string& what) const {
  if (kind == Kind::kFloat) return real;
  if (kind == Kind::kArray && array->size() == 1) return array->As<double>(what)[0];
  if (kind != Kind::kBool && kind != Kind::kInt) {
    ThrowUserError("{}: expected a number, found a {}", what, KindName());
  }
  return static_cast<double>(integer);
}

const std::string& PickleValue::AsText(const std::string& what) const {
  if (!IsText()) ThrowUserError("{}: expected a string, found a {}", what, KindName());
  return text;
}

const std::vector<const PickleValue*>& PickleValue::AsSequence(const std::string& what) const {
  if (kind != Kind::kList && kind != Kind::kTuple) {
    ThrowUserError("{}: expected a list or tuple, found a {}", what, KindName());
  }
  return items;
}

const PickleValue* PickleValue::Find(std::string_view key) const {
  const PickleValue* dict = Attributes(*this);
  if (dict == nullptr) return nullptr;
  // From the end: of a repeated key the last value counts, as in Python.
  for (size_t i = dict->items.size(); i >= 2; i -= 2) {
    if (dict->items[i - 2]->IsText() && dict->items[i - 2]->text == key) return dict->items[i - 1];
  }
  return nullptr;
}

const PickleValue& PickleValue::At(std::string_view key, const std::string& what) const {
  if (const PickleValue* value = Find(key)) return *value;
  const std::vector<std::string> keys = Keys();
  ThrowUserError("{}: has no key '{}'; the {} there holds {}", what, key, KindName(),
                 keys.empty() ? "no named values" : fmt::format("{}", fmt::join(keys, ", ")));
}

std::vector<std::string> PickleValue::Keys() const {
  std::vector<std::string> keys;
  const PickleValue* dict = Attributes(*this);
  if (dict == nullptr) return keys;
  for (size_t i = 0; i + 1 < dict->items.size(); i += 2) {
    if (dict->items[i]->IsText()) keys.push_back(dict->items[i]->text);
  }
  return keys;
}

NdArray PickleValue::AsArray(const std::string& what) const {
  if (kind == Kind::kArray) return *array;
  if (kind == Kind::kObject && text.starts_with("chumpy.")) {
    const PickleValue* x = Find("x");
    if (x != nullptr && x->kind == Kind::kArray) return *x->array;
  }
  if (kind == Kind::kObject && text.starts_with("scipy.sparse.")) {
    const bool by_column = text.ends_with(".csc_matrix") || text.ends_with(".csc_array");
    const bool by_row = text.ends_with(".csr_matrix") || text.ends_with(".csr_array");
    if (by_column || by_row) return DenseFromSparse(*this, by_column, what);
  }
  if (kind == Kind::kFloat) return NdArray::FromScalar(real);
  if (kind == Kind::kInt || kind == Kind::kBool) {
    return NdArray::From<int64_t>({}, {&integer, 1});
  }
  if (kind == Kind::kList || kind == Kind::kTuple) {
    std::vector<double> numbers;
    for (const PickleValue* item : items) numbers.push_back(item->AsDouble(what));
    return NdArray::From<double>({static_cast<int64_t>(numbers.size())}, numbers);
  }
  ThrowUserError("{}: expected an array of numbers, found {}", what,
                 kind == Kind::kObject ? "the object " + text : fmt::format("a {}", KindName()));
}

Pickle ReadPickle(const std::filesystem::path& path, const PickleOptions& options) {
  return ParsePickle(ReadFile(path), path.string(), options);
}

}  // namespace gyre
