// SPDX-License-Identifier: Apache-2.0
// Text files compressed with gzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace gyre {

// The decompressed content. UserError names the path when it cannot be read, is not gzip, is
// damaged, cut off or longer than max_bytes.
std::string ReadGzip(const std::filesystem::path& path, uint64_t max_bytes = uint64_t{256} << 20);

}  // namespace gyre
