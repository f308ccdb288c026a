// SPDX-License-Identifier: Apache-2.0
// People as detectors find them: without hips or shoulders, with joints that are hardly more than
// guessed. No start is known.
#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>
#include <string>
#include <vector>

#include "core/so3.h"
#include "fitting/fitter.h"
#include "fitting/test_problems.h"

namespace gyre {
namespace {

class PartialPeopleTest : public testing::Test {
 protected:
  TrueProblem Person(uint64_t seed) const {
    TrueProblem made = MakeTrueProblem(fitter_, seed);
    made.problem.has_start = made.problem.start_has_translation = false;
    return made;
  }
  // The keypoints whose names have one of the words.
  static std::vector<int> Named(const std::vector<std::string>& words) {
    std::vector<int> rows;
    const KeypointSet& set = SpinJoints();
    for (int i = 0; i < set.size(); ++i) {
      const bool has = std::ranges::any_of(words, [&](const std::string& word) {
        return set.joints[i].find(word) != std::string_view::npos;
      });
      if (has) rows.push_back(i);
    }
    return rows;
  }
  double Distance(const BodyParams& a, const BodyParams& b) const {
    Points3 x = fitter_.Joints(a), y = fitter_.Joints(b);
    x.rowwise() -= x.colwise().mean().eval();
    y.rowwise() -= y.colwise().mean().eval();
    return (x - y).rowwise().norm().mean();
  }

  const Fitter fitter_{MakeStickBody(), MakeStickPrior(), FitOptions()};
};

TEST_F(PartialPeopleTest, AMissingTorsoEndsInNoWildBody) {
  const std::vector<std::vector<std::string>> missing = {
      {"Hip", "Pelvis"},
      {"Shoulder"},
      {"RHip", "Right Hip", "RShoulder", "Right Shoulder"},
      {"Hip", "Pelvis", "Shoulder", "Neck", "Thorax", "Spine"}};
  for (const auto& words : missing) {
    for (const uint64_t seed : {1, 4, 6}) {
      TrueProblem made = Person(seed);
      const FitResult whole = fitter_.Fit(made.problem);
      const std::vector<int> rows = Named(words);
      ASSERT_GE(rows.size(), 4u) << words[0];
      for (const int row : rows) made.problem.confidence[row] = 0;
      const FitResult result = fitter_.Fit(made.problem);
      ASSERT_TRUE(result.summary.usable) << words[0] << result.summary.reason_text;
      EXPECT_TRUE(result.params.values().allFinite());
      EXPECT_LT(result.summary.score.reprojection_px, 4) << words[0];
      // What is not seen stays where the rest of the body leaves room for it.
      EXPECT_LT(Distance(result.params, whole.params), 0.25) << words[0] << ", " << seed;
    }
  }
}

TEST_F(PartialPeopleTest, JointsThatAreGuessedHardlyMoveTheBody) {
  for (const uint64_t seed : {2, 3, 5}) {
    const TrueProblem made = Person(seed);
    FitProblem unseen = made.problem, guessed = made.problem, believed = made.problem;
    for (const int row : Named({"Knee", "Ankle", "Toe", "Heel"})) {
      unseen.confidence[row] = 0;
      guessed.confidence[row] = 0.06;
      for (FitProblem* problem : {&guessed, &believed}) {
        problem->keypoints_px.row(row) += Eigen::RowVector2d(30, -25);
      }
    }
    const BodyParams without = fitter_.Fit(unseen).params;
    EXPECT_LT(Distance(fitter_.Fit(guessed).params, without), 0.05) << seed;
    EXPECT_GT(Distance(fitter_.Fit(believed).params, without), 0.1) << "the test needs a move";
  }
}

}  // namespace
}  // namespace gyre
