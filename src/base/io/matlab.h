// SPDX-License-Identifier: Apache-2.0
// Numeric arrays in MATLAB v5 files (.mat of versions 5 to 7.2), such as LSP's joints.mat.
#pragma once

#include <filesystem>
#include <string>

#include "io/ndarray.h"

namespace gyre {

// The array `name` with MATLAB's shape and indices: element (i, j, k) in MATLAB is (i, j, k) here
// less one each, stored in C order (MATLAB's own order is Fortran's). UserError when the file is
// not MATLAB v5, when there is no such array (it names those there are), or when it holds complex
// numbers, text, cells, structures or sparse matrices.
NdArray ReadMatlabArray(const std::filesystem::path& path, const std::string& name);

}  // namespace gyre
