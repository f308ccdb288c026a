// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/json_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "io/io_test_util.h"
#include "io/json.h"

namespace gyre {
namespace {

using testing::HasSubstr;

TEST(JsonRows, NumbersAndNulls) {
  const auto object = ParseJson(R"({"a":[1,null,2.5],"b":["1"]})", "file");
  const std::vector<double> numbers = JsonNumbersOrNull(object, "a", "file");
  ASSERT_EQ(numbers.size(), 3u);
  EXPECT_EQ(numbers[2], 2.5);
  EXPECT_TRUE(std::isnan(numbers[1]));
  EXPECT_THAT(UserErrorOf([&] { JsonNumbers(object, "a", "file"); }), HasSubstr("position 1"));
  EXPECT_THAT(UserErrorOf([&] { JsonNumbersOrNull(object, "b", "file"); }), HasSubstr("string"));
  EXPECT_EQ(JsonKeyList(object), "'a', 'b'");
  EXPECT_EQ(JsonKeyList(nlohmann::json::object()), "nothing");
}

}  // namespace
}  // namespace gyre
