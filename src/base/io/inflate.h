// SPDX-License-Identifier: Apache-2.0
// Decompression in memory, bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gyre {

enum class InflateFormat { kGzip, kZlib };

// UserError names `what` when the data is not of this format, damaged, cut off or unpacks to more
// than max_bytes. A gzip file may hold several members in a row.
std::string Inflate(std::string_view packed, InflateFormat format, uint64_t max_bytes,
                    const std::string& what);

}  // namespace gyre
