// SPDX-License-Identifier: Apache-2.0
// What .npy files and pickles share: numpy's type strings and raw array bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/ndarray.h"

namespace gyre {

// A numpy element type: kind as in numpy's dtype.kind (b i u f U S), bytes per element.
struct NumpyType {
  char kind = 0;
  int64_t item_bytes = 0;
  bool big_endian = false;
};

// From "<f8", "|b1", ">U9", "f4", ... UserError, with `what`, for types gyre has no use for
// (objects, complex numbers, records, dates).
NumpyType ParseNumpyType(std::string_view description, const std::string& what);

// Number of elements of a shape; UserError for negative extents or more than 2^40 elements.
int64_t CheckedElementCount(const std::vector<int64_t>& shape, const std::string& what);

// `raw` must hold exactly the array's bytes.
NdArray ArrayFromNumpyBytes(const NumpyType& type, std::vector<int64_t> shape, bool fortran_order,
                            std::string_view raw, const std::string& what);

// Bytes in the element order of numpy's order="F" to C order (elements of item_bytes each).
std::string COrderFromFortran(std::string_view raw, const std::vector<int64_t>& shape,
                              int64_t item_bytes);

}  // namespace gyre
