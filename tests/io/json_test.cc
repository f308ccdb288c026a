// SPDX-License-Identifier: Apache-2.0
#include "io/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/io_test_util.h"

namespace gyre {
namespace {

using testing::HasSubstr;

TEST(Json, BoundsNestingAndNumbers) {
  EXPECT_THAT(UserErrorOf([] { ParseJson(std::string(1000000, '['), "file"); }), HasSubstr("64"));
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + "7" + std::string(levels, ']');
  };
  EXPECT_EQ(ParseJson(nested(64), "file").dump(), nested(64));
  EXPECT_THAT(UserErrorOf([&] { ParseJson(nested(65), "file"); }), HasSubstr("64 levels"));
  EXPECT_THAT(UserErrorOf([] { ParseJson("[1e999]", "file"); }), HasSubstr("out of range"));
  EXPECT_THAT(UserErrorOf([] { ParseJson("{\"a\":1,}", "file"); }), HasSubstr("byte 8 of 8"));
  EXPECT_EQ(ParseJson(R"({"a":{"skip":[1,2],"b":3}})", "file", {"skip"}).dump(),
            R"({"a":{"b":3}})");
  EXPECT_THAT(UserErrorOf([] {
                JsonInteger(ParseJson(R"({"id":18446744073709551615})", "file"), "id", "file");
              }),
              HasSubstr("'id'"));
}

}  // namespace
}  // namespace gyre
