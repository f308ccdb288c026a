// SPDX-License-Identifier: Apache-2.0
#include "fitting/problem_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/error.h"
#include "core/rng.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class ProblemFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "gyre_problems_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

BodyParams RandomBody(Rng& rng) {
  BodyParams body{SmplLayout()};
  for (double& value : body.pose()) value = rng.Normal();
  for (double& value : body.betas()) value = rng.Normal();
  for (double& value : body.transl()) value = rng.Normal();
  return body;
}

void ExpectSame(const BodyParams& a, const BodyParams& b) {
  EXPECT_EQ(a.pose(), b.pose());
  EXPECT_EQ(a.betas(), b.betas());
  EXPECT_EQ(a.transl(), b.transl());
}

TEST_F(ProblemFileTest, WhatIsWrittenIsReadBack) {
  Rng rng(1, RngStream::kTest);
  ProblemFile file;
  for (int i = 0; i < 3; ++i) {
    FitProblem& problem = file.problems.emplace_back();
    for (double& value : problem.keypoints_px.reshaped()) value = rng.Normal(100, 50);
    for (double& value : problem.confidence) value = rng.Uniform();
    problem.camera = {900, {159.5, 158.5}};
    problem.pixel_scale = 0.7;
    file.truth.push_back(RandomBody(rng));
    file.starts["net"].push_back(RandomBody(rng));
    file.starts["mean"].push_back(RandomBody(rng));
    file.starts["mean"].back().betas() = file.starts["net"].back().betas();
  }
  WriteProblemFile(file, folder_ / "p.npz");
  const ProblemFile read = ReadProblemFile(folder_ / "p.npz");
  ASSERT_EQ(read.problems.size(), 3u);
  ASSERT_EQ(read.starts.size(), 2u);
  for (size_t i = 0; i < 3; ++i) {
    const FitProblem &a = file.problems[i], &b = read.problems[i];
    EXPECT_EQ(a.keypoints_px, b.keypoints_px);
    EXPECT_EQ(a.confidence, b.confidence);
    EXPECT_EQ(a.camera.focal_px, b.camera.focal_px);
    EXPECT_EQ(a.camera.center_px, b.camera.center_px);
    EXPECT_NEAR(a.pixel_scale, b.pixel_scale, 1e-12);
    ExpectSame(file.truth[i], read.truth[i]);
    for (const char* start : {"net", "mean"}) {
      ExpectSame(file.starts.at(start)[i], read.starts.at(start)[i]);
    }
  }
}

TEST_F(ProblemFileTest, StartsAreKnownByName) {
  ProblemFile file;
  file.problems.resize(1);
  file.problems[0].camera.focal_px = 1000;
  file.starts["net"].assign(1, BodyParams(SmplLayout()));
  WriteProblemFile(file, folder_ / "p.npz");
  const ProblemFile read = ReadProblemFile(folder_ / "p.npz");
  EXPECT_TRUE(read.truth.empty());
  EXPECT_TRUE(read.StartedFrom("net")[0].has_start);
  try {
    read.StartedFrom("nte");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("it has net"));
  }
}

}  // namespace
}  // namespace gyre
