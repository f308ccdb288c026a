// SPDX-License-Identifier: Apache-2.0
#include "io/utf8.h"

namespace gyre {
namespace {

bool IsCharacter(uint32_t code) { return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF); }

}  // namespace

bool AppendUtf8(std::string& text, uint32_t code) {
  if (!IsCharacter(code)) return false;
  const auto put = [&](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
  return true;
}

std::optional<std::vector<uint32_t>> DecodeUtf8(std::string_view text) {
  static constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};  // by length: no overlong
  std::vector<uint32_t> points;
  points.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if ((lead >= 0x80 && lead < 0xC0) || lead >= 0xF8 || i + length > text.size()) {
      return std::nullopt;
    }
    uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xC0) != 0x80) return std::nullopt;
      code = code << 6 | (next & 63);
    }
    if (code < kSmallest[length] || !IsCharacter(code)) return std::nullopt;
    points.push_back(code);
    i += length;
  }
  return points;
}

std::string Utf8FromBytes(std::string_view raw) {
  if (DecodeUtf8(raw)) return std::string(raw);
  std::string text;
  for (const char c : raw) AppendUtf8(text, static_cast<uint8_t>(c));
  return text;
}

}  // namespace gyre
