// SPDX-License-Identifier: Apache-2.0
#include "io/inflate.h"

#include <zlib.h>

#include <limits>
#include <memory>

#include "core/error.h"

namespace gyre {
namespace {

constexpr size_t kBufferSize = 1 << 18;
constexpr int kLargestWindow = 15;
constexpr int kExpectGzipHeader = 16;

struct EndInflate {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

}  // namespace

std::string Inflate(std::string_view packed, InflateFormat format, uint64_t max_bytes,
                    const std::string& what) {
  const bool gzip = format == InflateFormat::kGzip;
  if (packed.size() > std::numeric_limits<uInt>::max()) {
    ThrowUserError("{}: is larger than 4 GiB", what);
  }
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  GYRE_CHECK(inflateInit2(&stream, kLargestWindow + (gzip ? kExpectGzipHeader : 0)) == Z_OK);
  const std::unique_ptr<z_stream, EndInflate> guard(&stream);

  std::string text;
  int status = Z_OK;
  while (status == Z_OK) {
    const size_t old_size = text.size();
    text.resize(old_size + kBufferSize);
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + old_size);
    stream.avail_out = kBufferSize;
    status = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
    if (text.size() > max_bytes) {
      ThrowUserError("{}: unpacks to more than the {} bytes expected at most", what, max_bytes);
    }
    if (status == Z_STREAM_END && gzip && stream.avail_in > 0) status = inflateReset(&stream);
  }
  if (status != Z_STREAM_END) {
    ThrowUserError("{}: is not {} data, or is damaged or cut off", what, gzip ? "gzip" : "zlib");
  }
  return text;
}

}  // namespace gyre
