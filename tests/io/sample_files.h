// SPDX-License-Identifier: Apache-2.0
// Small valid files of every format the readers know, built by hand from the formats' descriptions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

// The value's bytes, little endian.
template <typename T>
std::string Raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

// A .npy file with the given header text.
std::string Npy(const std::string& header, std::string_view data, int version = 1);

std::string Gzip(std::string_view content);

// A MATLAB v5 file with one double array; `values` in MATLAB's order.
std::string Mat(const std::string& name, const std::vector<int32_t>& dims,
                const std::vector<double>& values, bool compressed);

// Pickles.
std::string PickleText(std::string_view text);  // SHORT_BINSTRING
std::string PickleGlobal(std::string_view module, std::string_view name);
// A numpy array as protocol 2 writes it; `shape` below 256.
std::string PickleArray(const std::vector<uint8_t>& shape, std::string_view type,
                        std::string_view byte_order, bool fortran, std::string_view data);

std::string OpenPoseJson(int joints);
std::string CocoJson();

// PNG or JPEG of a 6 x 4 colour gradient.
std::string EncodedImage(const std::string& extension);

}  // namespace gyre
