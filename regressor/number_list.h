// SPDX-License-Identifier: Apache-2.0
// Options that are lists of numbers, as "1-2-4-64".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gyre {

// Each in 1..most; none of an empty text. UserError names the option, and `such` a list.
std::vector<int64_t> ParseNumberList(const std::string& text, const char* option, int64_t most,
                                     const char* such);

}  // namespace gyre
