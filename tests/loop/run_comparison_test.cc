// SPDX-License-Identifier: Apache-2.0
#include "loop/report/run_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/file.h"
#include "io/io_test_util.h"
#include "loop/report/person_errors.h"

namespace gyre {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two folders as runs leave them.
class RunComparisonTest : public testing::Test {
 protected:
  RunComparisonTest() {
    Write("a/options.json", R"({"seed": 1, "network.head": "hmr", "steps": 9, "gone": true})");
    Write("b/options.json", R"({"seed": 2, "network.head": "hmr", "steps": 9})");
    Write("a/metrics.jsonl",
          "{\"step\": 1, \"loss\": 4, \"val_pck20\": 0.5}\n{\"step\": 9, \"loss\": 3}\n{\"st");
    Write("b/metrics.jsonl", "{\"step\": 9, \"loss\": 2.5, \"val_pck20\": 0.75, \"val_mm\": 61}\n");
    WritePersonErrors(std::vector<PersonError>{{"val", 2, true, 50},
                                               {"val", 5, true, 80},
                                               {"val", 6, true, 70},
                                               {"lsp", 2, false, 0.25},
                                               {"val", 9, true, 10}},
                      folder_.path() / "a" / kPeopleFile);
    WritePersonErrors(std::vector<PersonError>{{"lsp", 2, false, 0.125},
                                               {"val", 6, true, 30},
                                               {"val", 5, true, 92.5},
                                               {"val", 2, true, 51},
                                               {"val", 4, true, 1}},
                      folder_.path() / "b" / kPeopleFile);
    Picture("a/pictures/val_00_000001", "val 5: network 99 mm, step 1");
    Picture("a/pictures/val_00_000009", "val 5: network 80 mm, step 9");
    Picture("a/pictures/worst_00", "val 2: network 50 mm");
    Picture("b/pictures/best_00", "val 5: network 92 mm");
    Picture("b/pictures/best_01", "val 7: network 12 mm");
  }

  void Write(const std::string& file, const std::string& text) {
    MakeFolder((folder_.path() / file).parent_path());
    WriteFileAtomically(folder_.path() / file, text);
  }
  void Picture(const std::string& name, const std::string& caption) {
    Write(name + ".jpg", std::string("\xFF\xD8\xFF") + name);
    Write(name + ".txt", caption);
  }
  RunComparison Compare() const { return CompareRuns(folder_.path() / "a", folder_.path() / "b"); }

  TempFolder folder_;
};

TEST_F(RunComparisonTest, TellsOptionsMetricsAndPeople) {
  const RunComparison c = Compare();
  ASSERT_EQ(c.options.size(), 2u);
  EXPECT_EQ(c.options[0].name, "gone");
  EXPECT_EQ(c.options[0].first, "true");
  EXPECT_EQ(c.options[0].second, "not there");
  EXPECT_EQ(c.options[1].name, "seed");
  std::vector<std::string> names;
  for (const MetricPair& one : c.metrics) names.push_back(one.name);
  EXPECT_THAT(names, ElementsAre("step", "val_mm", "val_pck20", "loss"));
  EXPECT_TRUE(std::isnan(c.metrics[1].first));
  EXPECT_EQ(c.metrics[1].second, 61);
  EXPECT_EQ(c.metrics[2].first, 0.5);  // of the last validation
  EXPECT_EQ(c.metrics[3].first, 3);
  std::vector<int64_t> rows;
  for (const PersonChange& one : c.people) rows.push_back(one.row);
  EXPECT_THAT(rows, ElementsAre(6, 2, 2, 5));  // -40 mm, -0.125, +1, +12.5
  EXPECT_EQ(c.people[1].dataset, "lsp");
  EXPECT_FALSE(c.people[1].in_mm);
  EXPECT_FALSE(c.val_fits);
}

TEST_F(RunComparisonTest, ShowsTheSamePersonTwice) {
  const RunComparison c = Compare();
  ASSERT_EQ(c.pictures.size(), 1u);
  EXPECT_EQ(c.pictures[0].first.file.filename(), "val_00_000009.jpg");  // the latest
  EXPECT_EQ(c.pictures[0].second.file.filename(), "best_00.jpg");
  WriteReport(ReportOf(c, 10), folder_.path() / "compare.html");
  const std::string html = ReadFile(folder_.path() / "compare.html");
  EXPECT_THAT(html, HasSubstr("A: val 5: network 80 mm"));
  EXPECT_THAT(html, HasSubstr("B: val 5: network 92 mm"));
  EXPECT_THAT(html, HasSubstr("<td>seed</td><td>1</td><td>2</td>"));
  EXPECT_THAT(html, HasSubstr("<td>val 6</td><td>70 mm</td><td>30 mm</td><td>-40 mm</td>"));
}

TEST_F(RunComparisonTest, TheBestAndTheWorstAreThoseThatChanged) {
  const auto json = ToJson(Compare(), 1);
  ASSERT_EQ(json["better"].size(), 1u);
  EXPECT_EQ(json["better"][0]["row"], 6);
  ASSERT_EQ(json["worse"].size(), 1u);
  EXPECT_EQ(json["worse"][0]["row"], 5);
  EXPECT_EQ(json["people"], 4);
  EXPECT_TRUE(json["metrics"]["val_mm"][0].is_null());
  const std::string text = Describe(Compare(), 10);
  EXPECT_THAT(text, HasSubstr("25.0 % of the box"));
  EXPECT_THAT(text, HasSubstr("-12.5 %"));
}

TEST_F(RunComparisonTest, WhatIsNoRunIsNamed) {
  EXPECT_THAT(UserErrorOf([&] { CompareRuns(folder_.path() / "a", folder_.path() / "c"); }),
              HasSubstr("is no run: it has no options.json"));
}

// A run of before there were such files.
TEST_F(RunComparisonTest, PeopleNobodyKeptAreMissed) {
  std::filesystem::remove(folder_.path() / "a" / kPeopleFile);
  EXPECT_TRUE(Compare().people.empty());
  EXPECT_THAT(Describe(Compare(), 3), HasSubstr("val_people.jsonl"));
}

}  // namespace
}  // namespace gyre
