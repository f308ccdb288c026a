// SPDX-License-Identifier: Apache-2.0
#include "io/gzip.h"

#include "core/file.h"
#include "io/inflate.h"

namespace gyre {

std::string ReadGzip(const std::filesystem::path& path, uint64_t max_bytes) {
  return Inflate(ReadFile(path), InflateFormat::kGzip, max_bytes, path.string());
}

}  // namespace gyre
