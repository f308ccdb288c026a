// SPDX-License-Identifier: Apache-2.0
#include "io/sample_files.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>

namespace gyre {
namespace {

std::string Deflated(std::string_view content, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A data element of a MATLAB file: type, size, content, padding to 8 bytes.
std::string MatElement(uint32_t type, std::string content) {
  const auto size = static_cast<uint32_t>(content.size());
  content.resize((content.size() + 7) / 8 * 8);
  return Raw(type) + Raw(size) + content;
}

// A number in network order, as PNGs hold it.
std::string BigEndian(uint32_t value) {
  std::string bytes = Raw(value);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

uint32_t Crc(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::string PngChunk(const std::string& name, const std::string& content) {
  return BigEndian(static_cast<uint32_t>(content.size())) + name + content +
         BigEndian(Crc(name + content));
}

}  // namespace

std::string Npy(const std::string& header, std::string_view data, int version) {
  std::string out = "\x93NUMPY";
  out += static_cast<char>(version);
  out += '\0';
  out += version == 1 ? Raw(static_cast<uint16_t>(header.size()))
                      : Raw(static_cast<uint32_t>(header.size()));
  return out + header + std::string(data);
}

std::string Gzip(std::string_view content) { return Deflated(content, 15 + 16); }
std::string RawDeflate(std::string_view content) { return Deflated(content, -15); }
std::string ZlibDeflate(std::string_view content) { return Deflated(content, 15); }

// Source of the format: PKWARE's APPNOTE.TXT, 4.3.
std::string OverlappingZip(std::string_view content, int count) {
  const std::string packed = RawDeflate(content);
  // Version, flags, method, time, date, checksum, packed and whole size, length of the name, of the
  // extra field.
  const auto common = [&](const std::string& name) {
    return Raw(uint16_t{20}) + Raw(uint16_t{0}) + Raw(uint16_t{8}) + Raw(uint16_t{0}) +
           Raw(uint16_t{1 << 5 | 1}) + Raw(Crc(content)) +
           Raw(static_cast<uint32_t>(packed.size())) + Raw(static_cast<uint32_t>(content.size())) +
           Raw(static_cast<uint16_t>(name.size())) + Raw(uint16_t{0});
  };
  const std::string entry = "PK\x03\x04" + common("0") + "0" + packed;
  std::string directory;
  for (int i = 0; i < count; ++i) {
    const std::string name = std::to_string(i);
    // Besides: comment, disk, attributes within and without, where the entry begins.
    directory += "PK\x01\x02" + Raw(uint16_t{20}) + common(name) + Raw(uint16_t{0}) +
                 Raw(uint16_t{0}) + Raw(uint16_t{0}) + Raw(uint32_t{0}) + Raw(uint32_t{0}) + name;
  }
  const auto entries = static_cast<uint16_t>(count);
  return entry + directory + "PK\x05\x06" + Raw(uint16_t{0}) + Raw(uint16_t{0}) + Raw(entries) +
         Raw(entries) + Raw(static_cast<uint32_t>(directory.size())) +
         Raw(static_cast<uint32_t>(entry.size())) + Raw(uint16_t{0});
}

std::string OneBitPng(uint32_t width, uint32_t height, std::string_view scan_lines) {
  using std::string_literals::operator""s;
  // Depth 1, grey; the only ways of compressing and filtering; not interlaced.
  const std::string header = BigEndian(width) + BigEndian(height) + "\x01\0\0\0\0"s;
  return "\x89PNG\r\n\x1A\n" + PngChunk("IHDR", header) +
         PngChunk("IDAT", ZlibDeflate(scan_lines)) + PngChunk("IEND", "");
}

std::string Mat(const std::string& name, const std::vector<int32_t>& dims,
                const std::vector<double>& values, bool compressed) {
  constexpr uint32_t kUInt32 = 6, kInt32 = 5, kInt8 = 1, kDouble = 9, kMatrix = 14, kPacked = 15;
  constexpr uint32_t kDoubleClass = 6;
  std::string dim_bytes, value_bytes;
  for (const int32_t extent : dims) dim_bytes += Raw(extent);
  for (const double value : values) value_bytes += Raw(value);
  const std::string matrix =
      MatElement(kMatrix, MatElement(kUInt32, Raw(kDoubleClass) + Raw(uint32_t{0})) +
                              MatElement(kInt32, dim_bytes) + MatElement(kInt8, name) +
                              MatElement(kDouble, value_bytes));
  std::string header = "MATLAB 5.0 MAT-file";
  header.resize(124, ' ');
  header += Raw(uint16_t{0x0100});
  header += "IM";
  if (!compressed) return header + matrix;
  const std::string packed = ZlibDeflate(matrix);
  return header + Raw(kPacked) + Raw(static_cast<uint32_t>(packed.size())) + packed;
}

std::string PickleText(std::string_view text) {
  return std::string("U").append(Raw(static_cast<uint8_t>(text.size()))).append(text);
}

std::string PickleGlobal(std::string_view module, std::string_view name) {
  return fmt::format("c{}\n{}\n", module, name);
}

namespace {

std::string PickleNumber(uint8_t n) { return std::string("K").append(Raw(n)); }

// An array whose data, bytes or a list, are pickled already.
std::string PickleArrayOf(const std::vector<uint8_t>& shape, std::string_view type,
                          std::string_view byte_order, bool fortran, std::string_view data) {
  std::string extents;
  for (const uint8_t extent : shape) extents += PickleNumber(extent);
  const std::string empty = PickleGlobal("numpy.core.multiarray", "_reconstruct") +
                            PickleGlobal("numpy", "ndarray") + PickleNumber(0) + "\x85" +
                            PickleText("b") + "\x87R";
  const std::string dtype = PickleGlobal("numpy", "dtype") + PickleText(type) + PickleNumber(0) +
                            PickleNumber(1) + "\x87R(" + PickleNumber(3) + PickleText(byte_order) +
                            "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff" + PickleNumber(0) + "tb";
  return empty + "(" + PickleNumber(1) + "(" + extents + "t" + dtype + (fortran ? "\x88" : "\x89") +
         std::string(data) + "tb";
}

}  // namespace

std::string PickleArray(const std::vector<uint8_t>& shape, std::string_view type,
                        std::string_view byte_order, bool fortran, std::string_view data) {
  return PickleArrayOf(shape, type, byte_order, fortran,
                       "T" + Raw(static_cast<uint32_t>(data.size())) + std::string(data));
}

std::string NpyObject(std::string_view pickled) {
  const std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }\n";
  return "\x93NUMPY" + std::string("\x01\x00", 2) + Raw(static_cast<uint16_t>(header.size())) +
         header + "\x80\x02" +
         PickleArrayOf({}, "O8", "|", false, "]" + std::string(pickled) + "a") + ".";
}

std::string EncodedImage(const std::string& extension) {
  cv::Mat image(4, 6, CV_8UC3);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      image.at<cv::Vec3b>(y, x) = {static_cast<uint8_t>(40 * x), static_cast<uint8_t>(60 * y), 128};
    }
  }
  std::vector<uint8_t> bytes;
  cv::imencode(extension, image, bytes);
  return {bytes.begin(), bytes.end()};
}

}  // namespace gyre
