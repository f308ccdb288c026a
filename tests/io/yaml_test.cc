// SPDX-License-Identifier: Apache-2.0
#include "io/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "io/io_test_util.h"

namespace gyre {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(Yaml, KnowsNumbersNamesAndNothing) {
  const json values = ParseYaml(R"(# a comment
whole: -17
real: +2.5e-01
short: 5.
text: two words
number in quotes: "12"
yes: true
nothing:
tilde: ~
version: 1.2.3
infinite: -.Inf
not a number: .nan
)",
                                "a.yml");
  EXPECT_EQ(values["whole"], -17);
  EXPECT_TRUE(values["whole"].is_number_integer());
  EXPECT_EQ(values["real"], 0.25);
  EXPECT_EQ(values["short"], 5.0);
  EXPECT_EQ(values["text"], "two words");
  EXPECT_EQ(values["number in quotes"], "12");
  EXPECT_EQ(values["yes"], true);
  EXPECT_TRUE(values["nothing"].is_null() && values["tilde"].is_null());
  EXPECT_EQ(values["version"], "1.2.3");
  EXPECT_EQ(values["infinite"], -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(values["not a number"].get<double>()));
  EXPECT_EQ(values.size(), 11);
}

TEST(Yaml, ReadsListsHoweverTheyAreIndented) {
  const json dashes = json::parse(R"({"K": [[1, 2.5], [3, 4]], "n": ["a", "b"]})");
  EXPECT_EQ(ParseYaml("K:\n- - 1\n  - 2.5\n- - 3\n  - 4\nn: [a,\n  'b']\n", "a.yml"), dashes);
  EXPECT_EQ(ParseYaml("K:\r\n  -   - 1\r\n      - 2.5\r\n  - [3, 4]\r\nn: [a, b]\r\n", "a"),
            dashes);
}

TEST(Yaml, TakesOpenCvsFirstLineAndTypes) {
  const json expected = json::parse(R"({"M": {"rows": 1, "dt": "d", "data": [0.5, 7]}, "t": ""})");
  const std::string body =
      "M: !!opencv-matrix\n   rows: 1\n   dt: d\n   data: [ .5, 7 ]\nt: \"\"\n";
  EXPECT_EQ(ParseYaml("%YAML:1.0\n---\n" + body, "a.yml"), expected);
  EXPECT_EQ(ParseYaml("\xEF\xBB\xBF%YAML:1.0\r\n---\r\n" + body, "a.yml"), expected);
  EXPECT_EQ(ParseYaml("%YAML 1.1\n---\n" + body + "...\n---\nmore: 1\n", "a.yml"), expected);
  EXPECT_TRUE(ParseYaml("", "a.yml").is_null());
  EXPECT_TRUE(ParseYaml("%YAML:1.0", "a.yml").is_null());
}

TEST(Yaml, NamesTheLineOfWhatIsWrong) {
  const auto refusal = [](const std::string& content) {
    return UserErrorOf([&] { ParseYaml(content, "c"); });
  };
  EXPECT_THAT(refusal("a: 1\nb: [1, 2\n"), HasSubstr("c: line 3: cannot be read as YAML: "));
  EXPECT_THAT(refusal("%YAML:1.0\n---\na: 1\na: 2\n"), HasSubstr("c: line 4: 'a' is given twice"));
  EXPECT_THAT(refusal("a: 1\n? [b]\n: 2\n"), HasSubstr("c: line 2: has a key that is no name"));
  EXPECT_THAT(refusal("x:\n " + std::string(99, '[') + std::string(99, ']')),
              HasSubstr("c: line 2: nests deeper than 32 levels"));
  EXPECT_THAT(refusal(std::string("a: \0b", 5)), HasSubstr("cannot be read as YAML"));
  EXPECT_THAT(refusal("a: &a [*a]\n"), HasSubstr("nests deeper"));
  std::string bomb = "l0: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string one = "*l" + std::to_string(i - 1), id = "l" + std::to_string(i);
    bomb += id + ": &" + id + " [" + one + ", " + one + ", " + one + ", " + one + ", " + one +
            ", " + one + ", " + one + "]\n";
  }
  EXPECT_THAT(refusal(bomb), HasSubstr("holds more than 200000 values"));
}

}  // namespace
}  // namespace gyre
