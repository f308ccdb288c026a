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
// Deflated without a header, as entries of zip archives are; with zlib's header, as chunks of PNGs.
std::string RawDeflate(std::string_view content);
std::string ZlibDeflate(std::string_view content);

// A zip archive whose directory lists `count` entries "0", "1", ... that are all the same bytes of
// the file: `content`, deflated.
std::string OverlappingZip(std::string_view content, int count);

// A grey PNG of one bit a pixel with right checksums that declares this size; `scan_lines` are what
// it holds of its pixels.
std::string OneBitPng(uint32_t width, uint32_t height, std::string_view scan_lines);

// A MATLAB v5 file with one double array; `values` in MATLAB's order.
std::string Mat(const std::string& name, const std::vector<int32_t>& dims,
                const std::vector<double>& values, bool compressed);

// Pickles.
std::string PickleText(std::string_view text);  // SHORT_BINSTRING
std::string PickleGlobal(std::string_view module, std::string_view name);
// A numpy array as protocol 2 writes it; `shape` below 256.
std::string PickleArray(const std::vector<uint8_t>& shape, std::string_view type,
                        std::string_view byte_order, bool fortran, std::string_view data);
// What numpy.save makes of one Python object: a .npy file of it, as pickled without STOP.
std::string NpyObject(std::string_view pickled);

// PNG or JPEG of a 6 x 4 colour gradient.
std::string EncodedImage(const std::string& extension);

}  // namespace gyre
