// SPDX-License-Identifier: Apache-2.0
#include "loop/report/fit_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "core/error.h"

namespace gyre {
namespace {

using testing::HasSubstr;

// A straight body whose elbow and root are turned about z, at `x_m`.
StoredFit Turned(double elbow_deg, double root_deg, double x_m, float robust_px2) {
  StoredFit fit{FitLayout(SmplLayout())};
  fit.params.pose().setZero();
  fit.params.betas().setZero();
  fit.params.rotation(18) = Vec3(0, 0, elbow_deg * std::numbers::pi / 180);
  fit.params.rotation(0) = Vec3(0, 0, root_deg * std::numbers::pi / 180);
  fit.params.transl() = Vec3(x_m, 0, 5);
  fit.camera = {5000, {111.5, 111.5}};
  fit.score_px2 = 1;
  fit.robust_px2 = robust_px2;
  fit.observed_joints = 12;
  fit.source = FitSource::kLoop;
  return fit;
}

FitFile FileOf(const std::vector<std::pair<int64_t, StoredFit>>& fits) {
  FitFile file = FitFile::InMemory({{"people", 9, ""}}, FitLayout(SmplLayout()));
  for (const auto& [row, fit] : fits) file.Write(file.Position("people", row), fit);
  return file;
}

// Rows 1, 4 and 6 differ, 2 is equal, 3 and 8 are in one alone.
class FitComparisonTest : public testing::Test {
 protected:
  const std::shared_ptr<const BodyModel> body_ = LoadBodyModel("builtin");
  const FitFile first_ = FileOf({{1, Turned(0, 0, 0, 8)},
                                 {2, Turned(5, 6, 7, 8)},
                                 {3, Turned(1, 0, 0, 1)},
                                 {4, Turned(10, 0, 0, 5)},
                                 {6, Turned(0, 0, 0.25F, 5)}});
  const FitFile second_ = FileOf({{1, Turned(46, 0, 0, 5.5F)},
                                  {2, Turned(5, 6, 7, 8)},
                                  {4, Turned(10, 30, 0, 6)},
                                  {6, Turned(0, 0, -0.25F, 5)},
                                  {8, Turned(1, 0, 0, 1)}});
};

// The same numbers are other joints of another body.
TEST_F(FitComparisonTest, RefusesFitsOfTwoBodies) {
  const auto of = [](const char* path, const char* fingerprint) {
    return FitFile::InMemory({{"people", 9, ""}}, FitLayout(SmplLayout()),
                             {{path, "", fingerprint}, "", ""}, std::string(path) + ".store");
  };
  const FitFile tall = of("tall", "00000000000000a1"), small = of("small", "00000000000000b2");
  try {
    CompareFitsInSpace(tall, small, nullptr);
    ADD_FAILURE() << "compared";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("small.store: its fits are of the body small"));
    EXPECT_THAT(error.what(), HasSubstr("those of tall.store of tall"));
  }
  EXPECT_TRUE(CompareFitsInSpace(tall, tall, nullptr).counts.None());
  const FitFile moved = of("elsewhere", "00000000000000a1");
  EXPECT_NO_THROW(CompareFitsInSpace(tall, moved, nullptr));    // one body under two paths
  EXPECT_NO_THROW(CompareFitsInSpace(first_, small, nullptr));  // nobody wrote it down
}

TEST_F(FitComparisonTest, TellsHowFarApartEverybodyIs) {
  const FitComparison c = CompareFitsInSpace(first_, second_, body_.get());
  EXPECT_EQ(c.counts.equal, 1);
  EXPECT_EQ(c.counts.different, 3);
  EXPECT_EQ(c.counts.only_first, 1);
  EXPECT_EQ(c.counts.only_second, 1);
  ASSERT_EQ(c.people.size(), 3u);
  // The root turned: all joints move; the elbow: wrist and hand alone; moved: none.
  EXPECT_EQ(c.people[0].row, 4);
  EXPECT_NEAR(c.people[0].rotations_deg, 0, 1e-4);
  EXPECT_NEAR(c.people[0].root_deg, 30, 1e-4);
  EXPECT_NEAR(c.people[0].place_mm, 0, 1e-6);
  EXPECT_NEAR(c.people[0].robust_px2, 1, 1e-6);
  EXPECT_EQ(c.people[1].row, 1);
  EXPECT_NEAR(c.people[1].rotations_deg, 46 / 23.0, 1e-4);
  EXPECT_NEAR(c.people[1].root_deg, 0, 1e-6);
  EXPECT_NEAR(c.people[1].robust_px2, -2.5, 1e-6);
  // Chords of 46 degrees at the wrist and, further out, the hand; 23 joints share them.
  const Points3 rest = RestJoints(*body_).mean;
  const double radii = std::hypot(rest(20, 0) - rest(18, 0), rest(20, 1) - rest(18, 1)) +
                       std::hypot(rest(22, 0) - rest(18, 0), rest(22, 1) - rest(18, 1));
  EXPECT_NEAR(c.people[1].joints_mm, 1000 * 2 * std::sin(23 * std::numbers::pi / 180) * radii / 23,
              1e-3);
  EXPECT_EQ(c.people[2].row, 6);
  EXPECT_NEAR(c.people[2].joints_mm, 0, 1e-6);
  EXPECT_NEAR(c.people[2].place_mm, 500, 1e-3);
  EXPECT_NEAR(c.root_deg.Percentile(100), 30, 1e-4);
  EXPECT_NEAR(c.root_deg.Median(), 0, 1e-6);
}

TEST_F(FitComparisonTest, NamesTheWorst) {
  const FitComparison c = CompareFitsInSpace(first_, second_, body_.get());
  const auto json = ToJson(c, 2);
  EXPECT_EQ(json["worst"].size(), 2u);
  EXPECT_EQ(json["worst"][0]["dataset"], "people");
  EXPECT_EQ(json["worst"][0]["row"], 4);
  EXPECT_NEAR(json["place_mm"]["max"].get<double>(), 500, 1e-3);
  EXPECT_NEAR(json["robust_px2"]["max"].get<double>(), -2.5, 1e-6);
  const std::string text = Describe(c, 1);
  EXPECT_THAT(text, HasSubstr("1 equal, 3 different, 1 only in the first, 1 only in the second"));
  EXPECT_THAT(text, HasSubstr("people 4"));
  EXPECT_THAT(text, testing::Not(HasSubstr("people 1")));
}

TEST_F(FitComparisonTest, WithoutABodyRotationsSay) {
  const FitComparison c = CompareFitsInSpace(first_, second_, nullptr);
  EXPECT_EQ(c.people[0].row, 1);
  EXPECT_TRUE(std::isnan(c.people[0].joints_mm));
  EXPECT_FALSE(ToJson(c, 2).contains("joints_mm"));
  EXPECT_TRUE(ToJson(c, 2)["worst"][0]["joints_mm"].is_null());
}

TEST_F(FitComparisonTest, EqualFilesHaveNothingToTell) {
  const FitComparison c = CompareFitsInSpace(first_, first_, body_.get());
  EXPECT_TRUE(c.counts.None());
  EXPECT_TRUE(c.people.empty());
  EXPECT_EQ(Describe(c, 20), "5 equal, 0 different, 0 only in the first, 0 only in the second\n");
}

}  // namespace
}  // namespace gyre
