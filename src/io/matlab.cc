// SPDX-License-Identifier: Apache-2.0
#include "io/matlab.h"

#include <matio.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "io/inflate.h"
#include "io/numpy_format.h"

namespace gyre {
namespace {

constexpr size_t kHeaderBytes = 128;
// A value takes at least an eighth of its size in the file, and deflate packs at most 1032:1.
constexpr uint64_t kMaxExpansion = 8 * 1032;
constexpr uint64_t kMaxArrayBytes = uint64_t{1} << 31;
constexpr uint32_t kMatrixElement = 14;
constexpr uint32_t kCompressedElement = 15;

struct CloseMat {
  void operator()(mat_t* mat) const { Mat_Close(mat); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};

uint32_t Word(std::string_view content, size_t at, bool big_endian) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= uint32_t{static_cast<uint8_t>(content[at + i])} << (8 * (big_endian ? 3 - i : i));
  }
  return value;
}

// Walks the parts of one array (flags, extents, name, values): none may be longer than the array.
void CheckArray(std::string_view content, bool big_endian, const std::string& what) {
  size_t at = 0;
  while (at < content.size()) {
    const bool has_tag = at + 8 <= content.size();
    // Parts of up to four bytes keep their size in the upper half of the first word.
    const bool small = has_tag && Word(content, at, big_endian) >> 16 != 0;
    const uint64_t size = has_tag && !small ? Word(content, at + 4, big_endian) : 0;
    if (!has_tag || size > content.size() - at - 8) {
      ThrowUserError("{}: an array of the MATLAB file is damaged", what);
    }
    at += 8 + (size + 7) / 8 * 8;
  }
}

// The 128-byte header and the row of arrays after it. matio takes the sizes it finds for granted,
// so it only gets files whose sizes agree.
void CheckFile(std::string_view content, const std::string& what) {
  const std::string_view mark = content.substr(std::min<size_t>(126, content.size()), 2);
  const bool big_endian = mark == "MI";
  if (content.size() < kHeaderBytes || (mark != "IM" && mark != "MI") ||
      content[big_endian ? 124 : 125] != 1) {
    ThrowUserError("{}: is not a MATLAB v5 file; in MATLAB, save(..., '-v7') writes one", what);
  }
  size_t at = kHeaderBytes;
  while (at < content.size()) {
    const bool has_tag = at + 8 <= content.size();
    const uint32_t type = has_tag ? Word(content, at, big_endian) : 0;
    const uint64_t size = has_tag ? Word(content, at + 4, big_endian) : 0;
    if ((type != kMatrixElement && type != kCompressedElement) || size > content.size() - at - 8) {
      ThrowUserError("{}: the MATLAB file is damaged or cut off (at byte {})", what, at);
    }
    const std::string_view element = content.substr(at + 8, size);
    if (type == kMatrixElement) {
      CheckArray(element, big_endian, what);
    } else {
      const std::string matrix = Inflate(element, InflateFormat::kZlib, kMaxArrayBytes, what);
      if (matrix.size() < 8 || Word(matrix, 0, big_endian) != kMatrixElement ||
          Word(matrix, 4, big_endian) != matrix.size() - 8) {
        ThrowUserError("{}: an array of the MATLAB file is damaged", what);
      }
      CheckArray(std::string_view(matrix).substr(8), big_endian, what);
    }
    at += 8 + size;
  }
}

std::optional<NumpyType> TypeOf(const matvar_t& variable) {
  switch (variable.class_type) {
    case MAT_C_DOUBLE:
      return NumpyType{'f', 8};
    case MAT_C_SINGLE:
      return NumpyType{'f', 4};
    case MAT_C_INT8:
      return NumpyType{'i', 1};
    case MAT_C_UINT8:
      return NumpyType{variable.isLogical ? 'b' : 'u', 1};
    case MAT_C_INT16:
      return NumpyType{'i', 2};
    case MAT_C_UINT16:
      return NumpyType{'u', 2};
    case MAT_C_INT32:
      return NumpyType{'i', 4};
    case MAT_C_UINT32:
      return NumpyType{'u', 4};
    case MAT_C_INT64:
      return NumpyType{'i', 8};
    case MAT_C_UINT64:
      return NumpyType{'u', 8};
    default:
      return std::nullopt;
  }
}

std::string Names(mat_t* mat) {
  size_t count = 0;
  char* const* names = Mat_GetDir(mat, &count);
  if (names == nullptr || count == 0) return "nothing";
  return fmt::format("{}", fmt::join(names, names + count, ", "));
}

}  // namespace

NdArray ReadMatlabArray(const std::filesystem::path& path, const std::string& name) {
  uint64_t max_bytes = 0;
  {
    const std::string content = ReadFile(path);
    CheckFile(content, path.string());
    max_bytes = std::min(kMaxArrayBytes, content.size() * kMaxExpansion);
  }
  const std::unique_ptr<mat_t, CloseMat> mat(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (mat == nullptr || Mat_GetVersion(mat.get()) != MAT_FT_MAT5) {
    ThrowUserError("{}: is not a readable MATLAB v5 file", path.string());
  }
  const std::unique_ptr<matvar_t, FreeVariable> variable(Mat_VarReadInfo(mat.get(), name.c_str()));
  if (variable == nullptr) {
    ThrowUserError("{}: has no array '{}'; it holds {}", path.string(), name, Names(mat.get()));
  }
  const std::string what = fmt::format("{}: array '{}'", path.string(), name);
  const std::optional<NumpyType> type = TypeOf(*variable);
  if (!type || variable->isComplex || variable->rank < 1) {
    ThrowUserError("{}: expected real numbers in a full array", what);
  }
  std::vector<int64_t> shape;
  for (int axis = 0; axis < variable->rank; ++axis) {
    if (variable->dims[axis] > max_bytes) ThrowUserError("{}: is impossibly large", what);
    shape.push_back(static_cast<int64_t>(variable->dims[axis]));
  }
  const auto bytes = static_cast<uint64_t>(CheckedElementCount(shape, what)) *
                     static_cast<uint64_t>(type->item_bytes);
  if (bytes > max_bytes) {
    ThrowUserError("{}: has {} bytes, expected at most {}", what, bytes, max_bytes);
  }
  if (bytes > 0 && (Mat_VarReadDataAll(mat.get(), variable.get()) != 0 ||
                    variable->data == nullptr || variable->nbytes != bytes)) {
    ThrowUserError("{}: cannot be read; the file is damaged", what);
  }
  return ArrayFromNumpyBytes(*type, std::move(shape), /*fortran_order=*/true,
                             {static_cast<const char*>(variable->data), bytes}, what);
}

}  // namespace gyre
