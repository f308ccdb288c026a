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

// Lists at the root have elements too, and values below them are none.
TEST(Json, ElementsOfARootThatIsAList) {
  const TempFolder folder;
  const auto elements = [&](const std::string& text) {
    std::vector<std::string> found;
    const auto rest = ForEachJsonElement(
        folder.Write("a.json", text), {"skip"}, [](const std::string& key) { return key != "b"; },
        [&](const std::string& key, int64_t place, const nlohmann::json& element) {
          found.push_back(key + std::to_string(place) + element.dump());
        });
    EXPECT_TRUE(rest.empty() || rest.begin()->empty());
    return found;
  };
  EXPECT_THAT(elements(R"([1,[2,3],{"a":[4],"skip":5}])"),
              testing::ElementsAre("01", "1[2,3]", R"(2{"a":[4]})"));
  EXPECT_THAT(elements(R"({"a":[7,[8]],"b":[9]})"), testing::ElementsAre("a07", "a1[8]"));
  EXPECT_THAT(elements("[]"), testing::IsEmpty());
}

TEST(Json, SaysWhatElseATextIs) {
  const TempFolder folder;
  const auto errors = [&](const std::string& text) {
    const auto path = folder.Write("a.json", text);
    const auto wanted = [](const std::string&) { return true; };
    const auto visit = [](const std::string&, int64_t, const nlohmann::json&) {};
    const std::string whole = UserErrorOf([&] { ParseJson(text, path.string()); });
    EXPECT_EQ(UserErrorOf([&] { ForEachJsonElement(path, {}, wanted, visit); }), whole);
    return whole;
  };
  EXPECT_THAT(errors(R"({"a": [1, NaN, 3]})"), HasSubstr("no NaN, write null"));
  EXPECT_THAT(errors("[1, -Infinity]"), HasSubstr("no Infinity"));
  EXPECT_THAT(errors("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(errors("<!DOCTYPE html>"), HasSubstr("a web page"));
  EXPECT_THAT(errors("{\"a\":1}\n{\"a\":2}\n"), HasSubstr("several documents"));
  EXPECT_THAT(errors("{\"a\":1}\r\n{\"a\":2}\r\n"), HasSubstr("several documents"));
  EXPECT_THAT(errors("[{\"a\":1}\n{\"a\":2}]"), testing::EndsWith("(at byte 10 of 17)"));
  EXPECT_THAT(errors("PK\x03\x04..."), HasSubstr("unpack"));
  EXPECT_THAT(errors(""), HasSubstr("is empty"));
  EXPECT_THAT(errors("[1, 2"), testing::EndsWith("(at byte 6 of 5)"));
}

}  // namespace
}  // namespace gyre
