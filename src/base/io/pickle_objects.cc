// SPDX-License-Identifier: Apache-2.0
// What names and calls in a pickle become: see pickle.h. Nothing here runs code of the file.
#include <algorithm>
#include <array>

#include "core/error.h"
#include "io/numpy_format.h"
#include "io/pickle_reader.h"
#include "io/utf8.h"

namespace gyre {
namespace {

// Names a pickle may mention. A trailing * accepts any ending: those packages' classes are kept as
// inert records for the readers of SMPL models and torch checkpoints.
constexpr std::string_view kKnownGlobals[] = {
    "numpy.ndarray",
    "numpy.dtype",
    "numpy.matrixlib.defmatrix.matrix",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.core.numeric._frombuffer",
    "numpy._core.numeric._frombuffer",
    "_codecs.encode",
    "collections.OrderedDict",
    "collections.defaultdict",
    "copy_reg._reconstructor",
    "copyreg._reconstructor",
    "chumpy.*",
    "scipy.sparse.*",
    "torch.*",
};
// Plain types of the module builtins (__builtin__ in Python 2).
constexpr std::string_view kKnownTypes[] = {"object", "dict",      "list", "tuple",  "set",
                                            "bytes",  "frozenset", "int",  "long",   "float",
                                            "bool",   "bytearray", "str",  "unicode"};

bool Matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

// "list" of "builtins.list" or "__builtin__.list"; empty for other modules.
std::string_view BuiltinName(std::string_view name) {
  for (const std::string_view module : {"builtins.", "__builtin__."}) {
    if (name.starts_with(module)) return name.substr(module.size());
  }
  return {};
}

bool IsNumpyReconstruct(std::string_view name) {
  return name == "numpy.core.multiarray._reconstruct" ||
         name == "numpy._core.multiarray._reconstruct";
}

}  // namespace

void PickleReader::PushGlobal(std::string_view module, std::string_view name) {
  std::string full = fmt::format("{}.{}", module, name);
  const auto matches = [&](std::string_view pattern) { return Matches(pattern, full); };
  const std::string_view type = BuiltinName(full);
  const bool known =
      std::any_of(std::begin(kKnownGlobals), std::end(kKnownGlobals), matches) ||
      std::find(std::begin(kKnownTypes), std::end(kKnownTypes), type) != std::end(kKnownTypes) ||
      std::any_of(options_.more_globals.begin(), options_.more_globals.end(), matches);
  if (!known) {
    if (full.size() > 100) full = full.substr(0, 100) + "...";
    for (char& c : full) {
      if (c < ' ' || c > '~') c = '?';
    }
    ThrowUserError(
        "{}: the pickle asks for {}, which gyre never runs; it needs a file of numpy arrays and "
        "plain values",
        what_, full);
  }
  Charge(full.size());
  Push(New(Kind::kGlobal))->text = std::move(full);
}

void PickleReader::PushPersistentId(const PickleValue* id) {
  if (!options_.persistent_ids) {
    ThrowUserError("{}: the pickle refers to data outside of itself; expected one that is whole",
                   what_);
  }
  Push(New(Kind::kPersistentId))->args = id;
}

void PickleReader::Call(const PickleValue* callable, const PickleValue* args) {
  if (callable->kind != Kind::kGlobal) {
    FailDamaged(fmt::format("it calls a {}", callable->KindName()));
  }
  if (args->kind != Kind::kTuple) FailDamaged("a call without arguments");
  PickleValue* result = Push(New(Kind::kObject));
  const std::string_view name = callable->text;
  if (CallPlain(result, name, args->items) || CallNumpy(result, name, args->items)) return;
  Charge(name.size());
  result->text = name;
  result->args = args;
}

// Plain Python types and the helpers by which pickle rebuilds objects.
bool PickleReader::CallPlain(PickleValue* result, std::string_view name, const Items& args) {
  const std::string_view type = BuiltinName(name);
  if (name == "copy_reg._reconstructor" || name == "copyreg._reconstructor") {
    if (args.size() != 3 || args[0]->kind != Kind::kGlobal) FailDamaged("a class has no name");
    Charge(args[0]->text.size());
    result->text = args[0]->text;
    result->args = New(Kind::kTuple);
    return true;
  }
  if (name == "_codecs.encode" || (type == "bytearray" && args.size() == 2)) {
    if (args.size() != 2 || args[0]->kind != Kind::kString || !args[1]->IsText()) {
      FailDamaged("bytes are encoded in an unknown way");
    }
    const std::string& encoding = args[1]->text;
    Charge(args[0]->text.size());
    result->kind = Kind::kBytes;
    if (encoding == "utf-8" || encoding == "utf8") {
      result->text = args[0]->text;
    } else if (encoding == "latin1" || encoding == "latin-1") {
      result->text = RawBytes(*args[0]);
    } else {
      FailDamaged("bytes are encoded in an unknown way");
    }
    return true;
  }
  const bool one_bytes = args.size() == 1 && args[0]->kind == Kind::kBytes;
  if ((type == "bytes" || type == "bytearray") && (args.empty() || one_bytes)) {
    result->kind = Kind::kBytes;
    if (one_bytes) {
      Charge(args[0]->text.size());
      result->text = args[0]->text;
    }
    return true;
  }
  if (type == "set" || type == "frozenset") {
    if (args.size() > 1 || (args.size() == 1 && args[0]->kind != Kind::kList)) {
      FailDamaged("a set is made of something else than a list");
    }
    result->kind = Kind::kSet;
    if (!args.empty()) {
      Charge(args[0]->items.size() * sizeof(void*));
      result->items = args[0]->items;
    }
    return true;
  }
  if (name == "collections.OrderedDict" || name == "collections.defaultdict" || type == "dict") {
    result->kind = Kind::kDict;
    // Python 2 gives OrderedDict its content as one list of [key, value] pairs.
    if (args.empty() || args[0]->kind != Kind::kList) return true;
    for (const PickleValue* pair : args[0]->items) {
      if ((pair->kind != Kind::kList && pair->kind != Kind::kTuple) || pair->items.size() != 2) {
        FailDamaged("a dict is not made of pairs");
      }
      Charge(2 * sizeof(void*));
      result->items.insert(result->items.end(), pair->items.begin(), pair->items.end());
    }
    return true;
  }
  return false;
}

bool PickleReader::CallNumpy(PickleValue* result, std::string_view name, const Items& args) {
  if (name == "numpy.core.multiarray.scalar" || name == "numpy._core.multiarray.scalar") {
    if (args.size() != 2) FailDamaged("a numpy scalar without value");
    SetArray(result, args[0], {}, false, args[1]);
    return true;
  }
  if (name == "numpy.core.numeric._frombuffer" || name == "numpy._core.numeric._frombuffer") {
    if (args.size() != 4) FailDamaged("a numpy array without content");
    SetArray(result, args[1], Shape(*args[2]), args[3]->IsText() && args[3]->text == "F", args[0]);
    return true;
  }
  return false;
}

void PickleReader::Build(PickleValue* target, const PickleValue* state) {
  if (target->kind == Kind::kObject && IsNumpyReconstruct(target->text)) {
    BuildArray(target, state);
  } else if (target->kind == Kind::kObject || target->kind == Kind::kDict) {
    target->state = state;
  } else {
    FailDamaged(fmt::format("it sets attributes of a {}", target->KindName()));
  }
}

// ndarray.__setstate__: (version, shape, dtype, is_fortran, bytes); version is absent in old files.
void PickleReader::BuildArray(PickleValue* target, const PickleValue* state) {
  const size_t count = state->items.size();
  if (state->kind != Kind::kTuple || (count != 4 && count != 5)) {
    FailDamaged("a numpy array without content");
  }
  const auto field = [&](size_t i) { return state->items[count - 4 + i]; };
  SetArray(target, field(1), Shape(*field(0)), field(2)->AsBool(what_ + ": numpy array's order"),
           field(3));
  if (target->kind == Kind::kObject) target->state = state;
}

// Arrays of Python objects, records and the like stay inert objects.
void PickleReader::SetArray(PickleValue* target, const PickleValue* type,
                            std::vector<int64_t> shape, bool fortran_order,
                            const PickleValue* data) {
  if (!type->IsObject("numpy.dtype") || type->args->items.empty() ||
      !type->args->items[0]->IsText()) {
    FailDamaged("a numpy array without type");
  }
  const std::string& description = type->args->items[0]->text;
  if (!description.empty() && std::string_view("OVcMm").find(description[0]) != std::string::npos) {
    target->text = "numpy.ndarray";
    if (target->args == nullptr) target->args = New(Kind::kTuple);
    return;
  }
  const std::string what = what_ + ": numpy array in the pickle";
  NumpyType numpy_type = ParseNumpyType(description, what);
  if (type->state != nullptr) {  // dtype.__setstate__: (version, byte order, ...)
    const Items& fields = type->state->AsSequence(what);
    if (fields.size() < 2 || !fields[1]->IsText()) FailDamaged("a numpy type without byte order");
    numpy_type.big_endian = fields[1]->text == ">";
  }
  if (!data->IsText()) FailDamaged("a numpy array without bytes");
  constexpr uint64_t kStringCost = sizeof(std::string);
  const bool text = numpy_type.kind == 'U' || numpy_type.kind == 'S';
  Charge(data->text.size());
  if (text) Charge(kStringCost * static_cast<uint64_t>(CheckedElementCount(shape, what)));
  target->array = std::make_shared<const NdArray>(ArrayFromNumpyBytes(
      numpy_type, std::move(shape), fortran_order,
      data->kind == Kind::kBytes ? std::string_view(data->text) : RawBytes(*data), what));
  target->kind = Kind::kArray;
  target->text.clear();
  target->args = nullptr;
}

// Bytes as they are, text as Latin-1 (Python 3 reading Python 2's strings).
std::string PickleReader::RawBytes(const PickleValue& value) {
  if (value.kind == Kind::kBytes) return value.text;
  std::string bytes;
  const auto points = DecodeUtf8(value.text);
  GYRE_CHECK(points, "text is checked when it is read");
  bytes.reserve(points->size());
  for (const uint32_t code : *points) {
    if (code > 255) FailDamaged("bytes are given as text that is not Latin-1");
    bytes.push_back(static_cast<char>(code));
  }
  return bytes;
}

std::vector<int64_t> PickleReader::Shape(const PickleValue& value) const {
  const std::string what = what_ + ": shape of a numpy array";
  std::vector<int64_t> shape;
  if (value.kind == Kind::kInt) return {value.integer};
  for (const PickleValue* extent : value.AsSequence(what)) shape.push_back(extent->AsInt(what));
  return shape;
}

}  // namespace gyre
