// SPDX-License-Identifier: Apache-2.0
// UTF-8 to code points and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

// Appends one character; false (and nothing appended) for surrogates and values above U+10FFFF.
bool AppendUtf8(std::string& text, uint32_t code_point);

// Empty when the text is not valid UTF-8.
std::optional<std::vector<uint32_t>> DecodeUtf8(std::string_view text);

// Bytes of unknown encoding: UTF-8, or Latin-1 where they are no valid UTF-8.
std::string Utf8FromBytes(std::string_view raw);

}  // namespace gyre
