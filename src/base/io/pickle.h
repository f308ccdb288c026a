// SPDX-License-Identifier: Apache-2.0
// Python pickles as data. The opcodes of protocols 0 to 5 build a tree of plain values; nothing is
// ever imported, called or executed. A class or function is only its name, a call only a record
// {name, arguments, state}, and only names that stand on a list are accepted at all. What numpy
// writes (ndarray, scalar, dtype) becomes an NdArray, OrderedDict a dict, _codecs.encode bytes.
// Source of the format: Python's pickletools.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/ndarray.h"

namespace gyre {

struct PickleValue {
  enum class Kind : uint8_t {
    kNone,
    kBool,          // integer
    kInt,           // integer
    kBigInt,        // text: little-endian two's complement, more than 8 bytes
    kFloat,         // real
    kString,        // text: UTF-8
    kBytes,         // text: bytes, bytearray or a Python 2 str
    kList,          // items
    kTuple,         // items
    kSet,           // items
    kDict,          // items: key, value, key, value, ...; state: attributes, if any
    kArray,         // array
    kGlobal,        // text: "module.name" of a class or function
    kObject,        // text: "module.name" of the class or function; args, state, items
    kPersistentId,  // args: what the pickle gave as the id (torch: a tuple that names a storage)
  };

  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<const PickleValue*> items;  // may form cycles: a reader must not just descend
  const PickleValue* args = nullptr;      // kObject: a tuple
  const PickleValue* state = nullptr;     // kObject, kDict: what BUILD gave; null if nothing
  std::shared_ptr<const NdArray> array;

  bool IsNone() const { return kind == Kind::kNone; }
  bool IsText() const { return kind == Kind::kString || kind == Kind::kBytes; }
  bool IsObject(std::string_view name) const { return kind == Kind::kObject && text == name; }

  // Typed access; UserError says `what` and which kind stands there instead.
  bool AsBool(const std::string& what) const;
  int64_t AsInt(const std::string& what) const;              // also bools and integer scalars
  double AsDouble(const std::string& what) const;            // also ints and numeric scalars
  const std::string& AsText(const std::string& what) const;  // string or bytes
  const std::vector<const PickleValue*>& AsSequence(const std::string& what) const;  // list, tuple

  // A dict's value by text key, or an object's attribute (looked up in its state); null if absent
  // (or if this is neither).
  const PickleValue* Find(std::string_view key) const;
  // The same, but UserError names `what` and the keys there are.
  const PickleValue& At(std::string_view key, const std::string& what) const;
  // The text keys of a dict (or of an object's state), in file order.
  std::vector<std::string> Keys() const;

  // What numpy would make of the value: an array, a chumpy object holding one in `x`, a scipy csc
  // or csr matrix (dense), a number (shape ()), or a flat list of numbers (float64). UserError
  // otherwise.
  NdArray AsArray(const std::string& what) const;

  const char* KindName() const;
};

struct PickleOptions {
  // Names accepted besides the built-in ones, "module.name"; a trailing * accepts any ending.
  std::vector<std::string> more_globals;
  // Accept persistent ids (torch checkpoints have them); otherwise they are refused.
  bool persistent_ids = false;
};

// A parsed pickle. Owns every value; pointers stay valid as long as it lives (also when moved).
class Pickle {
 public:
  Pickle() = default;
  Pickle(Pickle&&) = default;
  Pickle& operator=(Pickle&&) = default;

  const PickleValue& root() const { return *root_; }
  // Bytes up to and including STOP: torch's legacy files hold several pickles in a row.
  size_t bytes_consumed() const { return bytes_consumed_; }

 private:
  friend class PickleReader;
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
  size_t bytes_consumed_ = 0;
};

// `content` starts with a pickle; `what` names it in errors.
Pickle ParsePickle(std::string_view content, const std::string& what,
                   const PickleOptions& options = {});
Pickle ReadPickle(const std::filesystem::path& path, const PickleOptions& options = {});

}  // namespace gyre
