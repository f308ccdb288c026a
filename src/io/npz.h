// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy and .npz files (NEP 1, versions 1 to 3). Little and big endian, C and Fortran order,
// unicode and byte strings; object arrays are refused, because they hold pickles.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "io/ndarray.h"

namespace gyre {

using Npz = std::map<std::string, NdArray>;

NdArray ReadNpy(const std::filesystem::path& path);
// `content` is a whole .npy file; `what` names it in errors.
NdArray ParseNpy(std::string_view content, const std::string& what);
std::string FormatNpy(const NdArray& array);

Npz ReadNpz(const std::filesystem::path& path);
// Compressed, atomically; NumPy's np.load reads it.
void WriteNpz(const std::filesystem::path& path, const Npz& arrays);

// The array of a key, or UserError that names the file and the keys there are.
const NdArray& Get(const Npz& npz, const std::string& key, const std::filesystem::path& path);

}  // namespace gyre
