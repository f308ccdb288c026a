// SPDX-License-Identifier: Apache-2.0
// SPIN's own code evaluated its loss terms on 256 problems; FitOptions::Spin() has to agree.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "fitting/fitter.h"
#include "fitting/problem_file.h"
#include "io/npz.h"

namespace gyre {
namespace {

class GoldenTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(data_ / "peers/spin_objective.npz")) {
      GTEST_SKIP() << "needs " << data_ / "peers"
                   << ", which is not here";
    }
    body_ =
        LoadBodyModel((data_ / "body/cc0_body.npz").string(), data_ / "body/J_regressor_extra.npy");
    prior_ = LoadPosePrior(data_ / "body/gmm_08.pkl");
    file_ = ReadProblemFile(data_ / "peers/problems_dev.npz");
  }
  const std::filesystem::path data_ = "../shared/data";
  std::shared_ptr<const BodyModel> body_;
  std::shared_ptr<const PosePrior> prior_;
  ProblemFile file_;
};

TEST_F(GoldenTest, TermsEqualSpins) {
  const std::filesystem::path path = data_ / "peers/spin_objective.npz";
  const Npz npz = ReadNpz(path);
  EXPECT_EQ(Get(npz, "term_names", path).strings,
            (std::vector<std::string>{"body_total", "reprojection", "pose_prior", "angle_prior",
                                      "shape_prior", "camera_stage"}));
  const auto start = Get(npz, "terms_start", path).As<double>();
  const auto truth = Get(npz, "terms_truth", path).As<double>();
  const Fitter fitter(body_, prior_, FitOptions::Spin());
  const std::vector<FitProblem> problems = file_.StartedFrom("net");
  ASSERT_EQ(problems.size() * 6, start.size());
  for (size_t i = 0; i < problems.size(); ++i) {
    for (bool at_truth : {false, true}) {
      const BodyParams& params = at_truth ? file_.truth[i] : problems[i].start;
      const ObjectiveTerms terms = fitter.Evaluate(problems[i], params);
      const double values[] = {terms.BodyTotal(), terms.reprojection, terms.pose_prior,
                               terms.angle_prior, terms.shape_prior,  terms.camera_stage};
      for (int k = 0; k < 6; ++k) {
        const double expected = (at_truth ? truth : start)[6 * i + k];
        EXPECT_NEAR(values[k], expected, 1e-4 * std::max(1.0, expected)) << i << " term " << k;
      }
    }
  }
}

TEST_F(GoldenTest, EndsBelowSpinsOwnResult) {
  const std::filesystem::path path = data_ / "peers/spin_objective.npz";
  const auto theirs = Get(ReadNpz(path), "terms_spin_result", path).As<double>();
  const Fitter fitter(body_, prior_, FitOptions::Spin());
  const std::vector<FitResult> results = fitter.FitAll(file_.StartedFrom("net"), 1);
  int below = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_TRUE(results[i].summary.usable) << results[i].summary.reason_text;
    EXPECT_LE(results[i].summary.after.BodyTotal(), results[i].summary.before.BodyTotal());
    below += results[i].summary.after.BodyTotal() <= theirs[6 * i];
  }
  EXPECT_GE(below, 0.98 * results.size());
}

TEST_F(GoldenTest, FusedEndsWhereCeresEnds) {
  FitOptions options;
  const std::vector<FitProblem> problems = file_.StartedFrom("net");
  const std::vector<FitResult> fused = Fitter(body_, prior_, options).FitAll(problems, 1);
  options.backend = FitBackend::kCeres;
  const std::vector<FitResult> ceres = Fitter(body_, prior_, options).FitAll(problems, 1);
  int as_low = 0;
  for (size_t i = 0; i < problems.size(); ++i) {
    as_low += fused[i].summary.after.BodyTotal() <= ceres[i].summary.after.BodyTotal() * (1 + 1e-3);
  }
  EXPECT_GE(as_low, 0.99 * problems.size());
}

}  // namespace
}  // namespace gyre
