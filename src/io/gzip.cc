// SPDX-License-Identifier: Apache-2.0
#include "io/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "core/error.h"
#include "core/file.h"

namespace gyre {
namespace {

constexpr size_t kChunk = 1 << 18;
constexpr int kGzipWindow = 15 + 16;  // largest window, gzip header expected

struct EndInflate {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

}  // namespace

std::string ReadGzip(const std::filesystem::path& path, uint64_t max_bytes) {
  std::string packed = ReadFile(path, std::numeric_limits<uInt>::max());
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  GYRE_CHECK(inflateInit2(&stream, kGzipWindow) == Z_OK);
  const std::unique_ptr<z_stream, EndInflate> guard(&stream);

  std::string text;
  int status = Z_OK;
  while (true) {
    const size_t old_size = text.size();
    text.resize(old_size + kChunk);
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + old_size);
    stream.avail_out = kChunk;
    status = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
    if (text.size() > max_bytes) {
      ThrowUserError("{}: unpacks to more than the {} bytes expected at most", path.string(),
                     max_bytes);
    }
    // A gzip file may hold several members in a row.
    if (status == Z_STREAM_END && stream.avail_in > 0) status = inflateReset(&stream);
    if (status != Z_OK) break;
  }
  if (status != Z_STREAM_END) {
    ThrowUserError("{}: is not a gzip file, or is damaged or cut off", path.string());
  }
  return text;
}

}  // namespace gyre
