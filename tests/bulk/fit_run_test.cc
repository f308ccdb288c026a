// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_run.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace gyre {
namespace {

TEST(FitRun, OfAnOlderVersionIsCompletedByTheDefaults) {
  const FitRun completed = Completed({{"fit.sigma_px", 21.5}, {"persons", 3}});
  EXPECT_EQ(completed["fit.sigma_px"], 21.5);
  EXPECT_EQ(completed["persons"], 3);
  EXPECT_EQ(completed["fit.point_weight"], 170);
  EXPECT_EQ(completed["fit.estimate_uncertainty"], true);
  EXPECT_EQ(completed["fit.min_observed_joints"], 8);
  EXPECT_EQ(completed["fit.rest_unseen_limbs"], false);
  EXPECT_EQ(completed["fit.cold_start"], "mean");
  EXPECT_EQ(completed["fit.max_error_share"], 0.0);
  EXPECT_EQ(completed["fit.hypotheses"], "uninformed");
  EXPECT_EQ(completed["fit.ignored_joints"], FitRun::array({"OP Neck"}));
  EXPECT_FALSE(completed.contains("sequence.window_frames"));

  const FitRun frames =
      Completed({{"fit.sigma_px", 15}, {"fps", 25}, {"sequence.window_frames", 8}});
  EXPECT_EQ(frames["fit.estimate_uncertainty"], false);
  EXPECT_EQ(frames["sequence.acceleration_weight"], 0.1);
  EXPECT_EQ(frames["sequence.window_frames"], 8);
  EXPECT_EQ(frames["sequence.pose_s"], 0);
  EXPECT_EQ(frames["sequence.overlap_frames"], 12);
  EXPECT_EQ(frames["sequence.max_iterations"], 30);
  EXPECT_EQ(frames["sequence.function_tolerance"], 1e-5);
}

TEST(FitRun, WhatIsNoneStaysAsItIs) {
  for (const FitRun& other : std::vector<FitRun>{{{"persons", 3}}, 5, "text", nullptr}) {
    EXPECT_EQ(Completed(other), other);
  }
}

TEST(FitRun, GoesOnAsItBegan) {
  FitOptions options;
  options.max_error_share = 0.25;
  options.sigma_px = 33;
  const FitRun was = {{"fit.sigma_px", 15}, {"fit.rest_unseen_limbs", true}};
  const FitOptions begun = AsBegun(options, was, {});
  EXPECT_EQ(begun.max_error_share, 0);  // there was no such option
  EXPECT_TRUE(begun.rest_unseen_limbs);
  EXPECT_EQ(begun.cold_start, ColdStart::kMean);
  EXPECT_EQ(begun.sigma_px, 33);
  EXPECT_EQ(AsBegun(options, was, {"fit.max_error_share"}).max_error_share, 0.25);
  EXPECT_EQ(AsBegun(options, nullptr, {}).max_error_share, 0.25);  // no earlier run
}

TEST(FitRun, SaysWhatDiffersFirst) {
  const FitRun run = {{"a", 1}, {"list", {"x", "y"}}, {"z", true}};
  FitRun other = run;
  EXPECT_EQ(DifferenceOf(run, other), "");
  other["list"][1] = "w";
  other["z"] = false;
  EXPECT_EQ(DifferenceOf(run, other), "list.1 was \"y\" and is \"w\"");
  other.erase("a");
  EXPECT_EQ(DifferenceOf(run, other), "a was 1 and is not there");
  EXPECT_EQ(DifferenceOf(other, run), "a was not there and is 1");
}

}  // namespace
}  // namespace gyre
