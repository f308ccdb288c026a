// SPDX-License-Identifier: Apache-2.0
#include "io/npz_object.h"

#include <fmt/ranges.h>

#include "core/error.h"
#include "io/npz.h"
#include "io/zip.h"

namespace gyre {
namespace {

// Where the data begin: behind magic, version and the description, whose length is little endian.
size_t DataOffset(std::string_view content, const std::string& what) {
  constexpr std::string_view kMagic = "\x93NUMPY";
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(content[i])); };
  if (!content.starts_with(kMagic) || content.size() < 12) {
    ThrowUserError("{}: not a .npy file", what);
  }
  const bool long_header = byte(6) > 1;
  size_t offset = long_header ? 12 : 10;
  offset += byte(8) + (byte(9) << 8);
  if (long_header) offset += (byte(10) << 16) + (byte(11) << 24);
  if (offset > content.size()) ThrowUserError("{}: ends within its header", what);
  if (content.substr(0, offset).find("'|O'") == std::string_view::npos) {
    ThrowUserError("{}: expected one Python object, found an array of numbers", what);
  }
  return offset;
}

}  // namespace

NpzObject ParseNpyObject(std::string_view content, const std::string& what) {
  NpzObject object;
  object.pickle = ParsePickle(content.substr(DataOffset(content, what)), what);
  // ndarray.__setstate__: its last field is the list of objects.
  const PickleValue& array = object.pickle.root();
  if (array.IsObject("numpy.ndarray") && array.state && !array.state->items.empty()) {
    const PickleValue& listed = *array.state->items.back();
    if (listed.kind == PickleValue::Kind::kList && listed.items.size() == 1) {
      object.value = listed.items[0];
    }
  }
  if (!object.value) ThrowUserError("{}: expected an array of one Python object", what);
  return object;
}

NpzObject ReadNpzObject(const std::filesystem::path& path, const std::string& key) {
  const ZipReader zip(path);
  const std::string entry = key + ".npy";
  if (!zip.Has(entry)) {
    ThrowUserError("{}: there is no key '{}'; its keys are {}", path.string(), key,
                   fmt::join(NpzKeys(path), ", "));
  }
  return ParseNpyObject(zip.Read(entry), fmt::format("{}: key '{}'", path.string(), key));
}

}  // namespace gyre
