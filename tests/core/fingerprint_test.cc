// SPDX-License-Identifier: Apache-2.0
#include "core/fingerprint.h"

#include <gtest/gtest.h>

namespace gyre {
namespace {

std::string HexOf(std::string_view bytes) {
  Fingerprint fingerprint;
  fingerprint.AddBytes(bytes.data(), bytes.size());
  return fingerprint.Hex();
}

// Test vectors of the hash's authors (64-bit FNV-1a).
TEST(Fingerprint, IsFnv1a) {
  EXPECT_EQ(HexOf(""), "cbf29ce484222325");
  EXPECT_EQ(HexOf("a"), "af63dc4c8601ec8c");
  EXPECT_EQ(HexOf("foobar"), "85944171f73967e8");
}

TEST(Fingerprint, TextsCountWithTheirLengths) {
  Fingerprint a, b;
  a.Add(std::string_view("a"));
  a.Add(std::string_view("bc"));
  b.Add(std::string_view("ab"));
  b.Add(std::string_view("c"));
  EXPECT_NE(a.Hex(), b.Hex());
}

TEST(Fingerprint, NumbersCountByTheirBytes) {
  Fingerprint number, bytes;
  number.Add(uint32_t{0x64636261});
  bytes.AddBytes("abcd", 4);
  EXPECT_EQ(number.Hex(), bytes.Hex());
}

}  // namespace
}  // namespace gyre
