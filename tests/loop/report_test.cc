// SPDX-License-Identifier: Apache-2.0
#include "loop/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/error.h"
#include "core/file.h"
#include "loop/report/report_chart.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class ReportTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("gyre_report_") +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    MakeFolder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  ReportInput InputWithMetrics(const std::string& lines) const {
    WriteFileAtomically(folder_ / "metrics.jsonl", lines);
    ReportInput input;
    input.title = "run";
    input.metrics_jsonl = folder_ / "metrics.jsonl";
    input.charts = {{"Loss", "sum", {{"loss", "loss"}}}};
    return input;
  }

  std::string Write(const ReportInput& input) const {
    WriteReport(input, folder_ / "report.html");
    return ReadFile(folder_ / "report.html");
  }

  fs::path folder_;
};

TEST_F(ReportTest, HoldsTablesCurvesPicturesAndOptions) {
  ReportInput input = InputWithMetrics(
      "{\"step\": 1, \"loss\": 4}\n{\"step\": 2, \"loss\": 3}\n{\"step\": 3, \"loss\": 2.5}\n");
  WriteFileAtomically(folder_ / "a.png", std::string("\x89PNG\r\n\x1a\n") + "ab");
  WriteFileAtomically(folder_ / "b.jpg", std::string("\xFF\xD8\xFF") + "xyz");
  input.summary = {{"PA-MPJPE", "52.1 mm"}};
  input.options_json = "{\"seed\": 1}";
  input.table = {{"arm", "error"}, {{"loop", "2.5"}}};
  input.sections = {
      {"Best", "The best.", {{"one", folder_ / "a.png"}, {"two", folder_ / "b.jpg"}}}};
  const std::string html = Write(input);
  EXPECT_THAT(html, HasSubstr("<dt>PA-MPJPE</dt><dd>52.1 mm</dd>"));
  EXPECT_THAT(html, HasSubstr("<th>arm</th><th>error</th>"));
  EXPECT_THAT(html, HasSubstr("<tr><td>loop</td><td>2.5</td></tr>"));
  EXPECT_THAT(html, HasSubstr("data:image/png;base64,iVBORw0KGgphYg=="));
  EXPECT_THAT(html, HasSubstr("data:image/jpeg;base64,/9j/eHl6\""));
  EXPECT_THAT(html, HasSubstr("{&quot;seed&quot;: 1}"));
  EXPECT_EQ(Count(html, "<circle"), 3);  // one dot per value
  EXPECT_THAT(html, HasSubstr("<b>2.5</b>"));
}

TEST_F(ReportTest, LoadsNothingFromElsewhere) {
  ReportInput input = InputWithMetrics("{\"step\": 1, \"loss\": 4}\n");
  const std::string html = Write(input);
  for (const char* link : {"http:", "https:", "<script", "<link", "url(", "@import"}) {
    EXPECT_THAT(html, Not(HasSubstr(link)));
  }
}

TEST_F(ReportTest, EscapesAllText) {
  ReportInput input = InputWithMetrics("{\"step\": 1, \"loss\": 4}\n");
  const std::string evil = "<b onclick='x'>&\"";
  WriteFileAtomically(folder_ / "a.png", "\x89PNG");
  input.title = evil;
  input.summary = {{evil, evil}};
  input.table = {{evil}, {{evil}}};
  input.options_json = evil;
  input.charts = {{evil, evil, {{"loss", evil}}}};
  input.sections = {{evil, evil, {{evil, folder_ / "a.png"}}}};
  const std::string html = Write(input);
  EXPECT_THAT(html, Not(HasSubstr("onclick='")));
  EXPECT_EQ(Count(html, "&lt;b onclick=&#39;x&#39;&gt;&amp;&quot;"), 15);
}

TEST_F(ReportTest, ToleratesTornLinesMissingKeysAndNulls) {
  const std::string html = Write(
      InputWithMetrics("{\"step\": 1, \"loss\": 4}\n{\"step\": 2}\n{\"step\": 3, \"loss\": null}\n"
                       "{\"step\": 4, \"loss\": \"high\"}\n[1, 2]\n\nnonsense\n{\"loss\": 7}\n"
                       "{\"step\": 5, \"loss\": 1e999}\n{\"step\": \"6\", \"loss\": 6}\n"
                       "{\"step\": 7, \"loss\": 3}\n{\"step\": 8, \"lo"));
  EXPECT_EQ(Count(html, "<circle"), 2);
}

TEST_F(ReportTest, ARepeatedStepReplacesTheEarlier) {
  const std::string html = Write(InputWithMetrics(
      "{\"step\": 1, \"loss\": 4}\n{\"step\": 2, \"loss\": 900}\n{\"step\": 2, \"loss\": 3}\n"));
  EXPECT_EQ(Count(html, "<circle"), 2);
  EXPECT_THAT(html, HasSubstr("<b>3</b>"));
  EXPECT_THAT(html, Not(HasSubstr("900")));
}

TEST_F(ReportTest, LeavesOutChartsWithoutValues) {
  ReportInput input = InputWithMetrics("{\"step\": 1, \"loss\": 4}\n");
  input.charts.push_back({"Absent", "mm", {{"val_pck", "x"}}});
  EXPECT_THAT(Write(input), Not(HasSubstr("Absent")));
  EXPECT_THAT(Write(InputWithMetrics("")), Not(HasSubstr("Curves")));
}

TEST_F(ReportTest, NamesWhatIsMissingAndLeavesNothingHalfWritten) {
  ReportInput input = InputWithMetrics("");
  input.metrics_jsonl = folder_ / "none.jsonl";
  EXPECT_THROW(Write(input), UserError);
  input = InputWithMetrics("");
  WriteFileAtomically(folder_ / "text.png", "not a picture");
  input.sections = {{"s", "", {{"p", folder_ / "text.png"}}}};
  try {
    Write(input);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("text.png"));
  }
  input.sections = {{"s", "", {{"p", folder_ / "absent.jpg"}}}};
  EXPECT_THROW(Write(input), UserError);
  EXPECT_FALSE(fs::exists(folder_ / "report.html"));
}

TEST(DefaultCharts, ShowEachKeyOnce) {
  std::set<std::string> keys;
  for (const ReportChart& chart : DefaultCharts()) {
    EXPECT_FALSE(chart.title.empty());
    EXPECT_FALSE(chart.y_label.empty());
    for (const ReportSeries& series : chart.series) {
      EXPECT_TRUE(keys.insert(series.key).second) << series.key;
    }
  }
  for (const char* key :
       {"loss", "fits_updated", "fits_accepted_share", "fit_reprojection_px", "seconds_fit",
        "seconds_step", "val_network_pa_mpjpe_mm", "val_fits_pa_mpjpe_mm", "val_pck20"}) {
    EXPECT_TRUE(keys.contains(key)) << key;
  }
}

Curve MakeCurve(int n, double value(int)) {
  Curve curve{"curve", {}, {}};
  for (int i = 0; i < n; ++i) {
    curve.steps.push_back(i);
    curve.values.push_back(value(i));
  }
  return curve;
}

TEST(FormatChart, ManyPointsAreThinnedAndSmoothed) {
  const Curve curve = MakeCurve(20000, [](int i) { return 5 + (i % 2 ? 1.0 : -1.0); });
  const std::string chart = FormatChart("t", "y", {curve}, false);
  EXPECT_EQ(Count(chart, "class=\"thin"), 1);
  EXPECT_EQ(Count(chart, "class=\"thick"), 1);
  EXPECT_EQ(Count(chart, "<circle"), 0);
  EXPECT_LT(chart.size(), 40000);
}

// Values that differ by rounding errors: no endless axis.
TEST(FormatChart, AlmostConstantValues) {
  for (const double value : {0.1, 3.0, 1e6}) {
    const double next = std::nextafter(value, 1e9);
    EXPECT_LT(FormatChart("t", "y", {{"c", {1, 2, 3}, {value, next, value}}}, false).size(),
              10000u);
  }
}

TEST(FormatChart, ConstantSingleAndWildValues) {
  for (bool log_y : {false, true}) {
    for (double value : {0.0, 1.0, -3.0, 1e-90, 1e90}) {
      Curve curve{"c", {1, 2}, {value, value}};
      const std::string chart = FormatChart("t", "y", {curve}, log_y);
      EXPECT_EQ(chart.empty(), log_y && value <= 0) << value;
      EXPECT_THAT(chart, Not(HasSubstr("nan"))) << value;
      EXPECT_THAT(chart, Not(HasSubstr("inf"))) << value;
    }
  }
  EXPECT_EQ(FormatChart("t", "y", {{"c", {1}, {1e300}}}, false), "");  // no measurement
  EXPECT_EQ(FormatChart("t", "y", {{"c", {}, {}}}, false), "");
  EXPECT_THAT(FormatChart("t", "y", {{"c", {7}, {3}}}, false), HasSubstr("<circle"));
}

TEST(FormatChart, AnOutlierDoesNotFlattenTheCurve) {
  Curve curve = MakeCurve(1000, [](int i) { return 2 + i / 1000.0; });
  curve.values[3] = 30;  // once
  const std::string chart = FormatChart("t", "y", {curve}, false);
  EXPECT_THAT(chart, HasSubstr(">2.5<"));  // a tick: the range is about [2, 3]
  EXPECT_THAT(chart, Not(HasSubstr(">30<")));
}

}  // namespace
}  // namespace gyre
