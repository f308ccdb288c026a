// SPDX-License-Identifier: Apache-2.0
#include "io/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace gyre {
namespace {

// The first and last characters of each length, and those beside the surrogates.
const std::vector<std::pair<uint32_t, std::string>> kCharacters = {
    {0x00, std::string(1, '\0')},  {0x7F, "\x7F"},           {0x80, "\xC2\x80"},
    {0x7FF, "\xDF\xBF"},           {0x800, "\xE0\xA0\x80"},  {0xD7FF, "\xED\x9F\xBF"},
    {0xE000, "\xEE\x80\x80"},      {0xFFFF, "\xEF\xBF\xBF"}, {0x10000, "\xF0\x90\x80\x80"},
    {0x10FFFF, "\xF4\x8F\xBF\xBF"}};

TEST(Utf8, WritesAndReadsEveryLength) {
  std::string all;
  std::vector<uint32_t> codes;
  for (const auto& [code, bytes] : kCharacters) {
    std::string text = "x";
    EXPECT_TRUE(AppendUtf8(text, code));
    EXPECT_EQ(text, "x" + bytes) << code;
    all += bytes;
    codes.push_back(code);
  }
  EXPECT_EQ(DecodeUtf8(all), codes);
  EXPECT_EQ(DecodeUtf8(""), std::vector<uint32_t>());
}

TEST(Utf8, RefusesWhatIsNoCharacter) {
  for (const uint32_t code : {0xD800u, 0xDABCu, 0xDFFFu, 0x110000u, 0xFFFFFFFFu}) {
    std::string text = "x";
    EXPECT_FALSE(AppendUtf8(text, code)) << code;
    EXPECT_EQ(text, "x");
  }
  for (const char* bytes : {"\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",  // longer than need be
                            "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80",  // no characters
                            "\x80", "a\xBF", "\xF8\x88\x80\x80\x80",             // no beginnings
                            "\xC3", "\xE2\x82", "\xF0\x9F\x98",                  // cut off
                            "\xC3(", "\xE2\x82(", "\xF0\x9F\x98("}) {            // no ends
    EXPECT_FALSE(DecodeUtf8(bytes)) << bytes;
  }
}

TEST(Utf8, TakesOtherBytesForLatin1) {
  EXPECT_EQ(Utf8FromBytes("\xC3\xBC"), "\u00fc");
  EXPECT_EQ(Utf8FromBytes("\xFC!"), "\u00fc!");
}

}  // namespace
}  // namespace gyre
