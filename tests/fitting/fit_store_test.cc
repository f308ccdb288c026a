// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_store.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

using Verdict = FitStore::Verdict;

StoredFit MakeFit(double score, double prior = 80) {
  StoredFit fit(SmplLayout());
  fit.params.pose().setLinSpaced(-0.4, 0.4);
  fit.params.betas().setConstant(0.3);
  fit.params.transl() = Vec3(0.1, 0.2, 40);
  fit.camera = SpinCropCamera();
  fit.score_px2 = score;
  fit.robust_px2 = static_cast<float>(score);
  fit.pose_prior = prior;
  fit.observed_joints = 14;
  fit.source = FitSource::kLoop;
  fit.step = 12;
  return fit;
}

FitStore MakeStore(const StorePolicy& policy = {}) {
  return FitStore(policy, FitFile::InMemory({{"lsp", 10, ""}, {"coco", 10, ""}}, SmplLayout()));
}

TEST(FitStore, OnlyImproves) {
  FitStore store = MakeStore();
  const FitStore::Key key{"lsp", 7};
  EXPECT_FALSE(store.Get(key));
  EXPECT_EQ(store.Consider(key, MakeFit(50)), Verdict::kFirst);
  EXPECT_EQ(store.Consider(key, MakeFit(60)), Verdict::kNotBetter);
  EXPECT_EQ(store.Consider(key, MakeFit(50)), Verdict::kNotBetter);
  EXPECT_EQ(store.Consider(key, MakeFit(40)), Verdict::kImproved);
  EXPECT_EQ(store.Get(key)->score_px2, 40);
  EXPECT_EQ(store.Consider({"coco", 7}, MakeFit(200)), Verdict::kFirst);
  const FitStore::Counters counters = store.counters();
  EXPECT_EQ(counters.considered, 5);
  EXPECT_EQ(counters.Updated(), 3);
  EXPECT_EQ(counters.not_better, 2);
  const FitStore::Stats stats = store.GetStats(4);
  EXPECT_EQ(stats.fits, 2);
  EXPECT_DOUBLE_EQ(stats.share_with_fit, 0.5);
  EXPECT_DOUBLE_EQ(stats.accepted_share, 0.5);
  EXPECT_DOUBLE_EQ(stats.mean_score_px2, 120);
}

TEST(FitStore, GuardsRefuseImplausibleBodies) {
  StorePolicy policy;
  policy.rule = StoreRule::kGuarded;
  FitStore store = MakeStore(policy);
  const FitStore::Key key{"lsp", 7};
  StoredFit fit = MakeFit(50);
  fit.params.betas()[3] = -3.5;
  EXPECT_EQ(store.Consider(key, fit), Verdict::kShape);
  fit = MakeFit(50);
  fit.params.pose()[12] = -1;  // the left knee bent backwards
  EXPECT_EQ(store.Consider(key, fit), Verdict::kAngles);
  EXPECT_EQ(store.Consider(key, MakeFit(50, 1e4)), Verdict::kPrior);
  EXPECT_EQ(store.Consider(key, MakeFit(std::nan(""))), Verdict::kNotFinite);
  EXPECT_EQ(store.GetStats(10).fits, 0);
}

// Up to 10 more than what is stored, but never beyond 250.
TEST(FitStore, TheCeilingHoldsForLaterFitsToo) {
  StorePolicy policy;
  policy.rule = StoreRule::kGuarded;
  policy.prior_margin = 10;
  policy.prior_ceiling = 250;
  FitStore store = MakeStore(policy);
  const FitStore::Key key{"lsp", 7};
  EXPECT_EQ(store.Consider(key, MakeFit(50, 230)), Verdict::kFirst);
  EXPECT_EQ(store.Consider(key, MakeFit(40, 240.5)), Verdict::kPrior);
  EXPECT_EQ(store.Consider(key, MakeFit(40, 239.5)), Verdict::kImproved);
  EXPECT_EQ(store.Consider(key, MakeFit(30, 249)), Verdict::kImproved);
  EXPECT_EQ(store.Consider(key, MakeFit(20, 251)), Verdict::kPrior);
  EXPECT_EQ(store.Consider(key, MakeFit(20, 250)), Verdict::kImproved);
}

// Q5: in SPIN only the score decides.
TEST(FitStore, TheRuleDecidesWhatASmallerScoreIsWorth) {
  for (const StoreRule rule : {StoreRule::kSpin, StoreRule::kGuarded, StoreRule::kObjective}) {
    StorePolicy policy;
    policy.rule = rule;
    FitStore store = MakeStore(policy);
    const FitStore::Key key{"lsp", 7};
    store.Consider(key, MakeFit(50, 80));
    EXPECT_EQ(store.Consider(key, MakeFit(40, 120)),
              rule == StoreRule::kGuarded ? Verdict::kPrior : Verdict::kImproved);
    EXPECT_EQ(store.Consider(key, MakeFit(30, 85)), Verdict::kImproved);
    FitScore score;
    score.spin_score_px2 = 1, score.score_px2 = 2, score.objective_px2 = 3;
    EXPECT_EQ(policy.ScoreOf(score), 1 + static_cast<int>(rule));
  }
  EXPECT_EQ(StorePolicy::Spin().rule, StoreRule::kSpin);
}

TEST(FitStore, TruthStays) {
  FitStore store = MakeStore();
  StoredFit truth = MakeFit(0);
  truth.score_px2 = std::numeric_limits<double>::infinity();
  truth.source = FitSource::kTruth;
  store.files()[0].Write(store.files()[0].Position("lsp", 1), truth);
  EXPECT_EQ(store.Consider({"lsp", 1}, MakeFit(1)), Verdict::kKept);
  EXPECT_TRUE(store.Accepted("lsp", *store.Get({"lsp", 1})));
}

TEST(FitStore, FitsByMasksGiveWayToTheirKindAndToTruthAlone) {
  FitStore store = MakeStore();
  const FitStore::Key key = {"lsp", 2};
  const auto by_mask = [](double score) {
    StoredFit fit = MakeFit(score);
    fit.source = FitSource::kMasks;
    return fit;
  };
  EXPECT_EQ(store.Consider(key, MakeFit(45)), Verdict::kFirst);
  EXPECT_EQ(store.Consider(key, by_mask(30)), Verdict::kImproved);
  EXPECT_EQ(store.Consider(key, MakeFit(7)), Verdict::kKept);
  EXPECT_EQ(store.Get(key)->score_px2, 30);
  EXPECT_EQ(store.Consider(key, by_mask(31)), Verdict::kNotBetter);
  EXPECT_EQ(store.Consider(key, by_mask(29)), Verdict::kImproved);
  EXPECT_EQ(store.counters().kept, 1);
}

// Neither what is true nor what was never scored says how good the fits are.
TEST(FitStore, TheMeanScoreIsOfTheFitsThatHaveOne) {
  FitStore store = MakeStore();
  EXPECT_EQ(store.GetStats(5).mean_score_px2, 0);
  const double scores[] = {40, 200, 75};
  for (int64_t row = 0; row < 3; ++row) store.Consider({"lsp", row}, MakeFit(scores[row]));
  FitFile& file = store.files()[0];
  StoredFit truth = MakeFit(3), unscored = MakeFit(0);
  truth.source = FitSource::kTruth;
  unscored.score_px2 = std::numeric_limits<double>::infinity();
  file.Write(file.Position("lsp", 3), truth);
  file.Write(file.Position("coco", 4), unscored);
  const FitStore::Stats stats = store.GetStats(20);
  EXPECT_EQ(stats.fits, 5);
  EXPECT_EQ(stats.scored, 3);
  EXPECT_DOUBLE_EQ(stats.mean_score_px2, 105);
  EXPECT_DOUBLE_EQ(stats.share_with_fit, 0.25);
}

TEST(FitStore, DataSetsMayHaveThresholdsOfTheirOwn) {
  StorePolicy policy;
  policy.accept_px2 = 100;
  policy.accept_px2_of = {"coco=20", "h36m=200"};
  EXPECT_EQ(policy.AcceptPx2("coco"), 20);
  EXPECT_EQ(policy.AcceptPx2("lsp"), 100);
  const FitStore store = MakeStore(policy);
  EXPECT_TRUE(store.Accepted("lsp", MakeFit(50)));
  EXPECT_FALSE(store.Accepted("coco", MakeFit(50)));
  EXPECT_TRUE(store.Accepted("h36m", MakeFit(150)));
  for (const char* bad : {"coco", "coco=", "coco=x", "coco=-1", "coco=20x", "=nan"}) {
    policy.accept_px2_of = {bad};
    EXPECT_THROW(policy.Check(), UserError) << bad;
  }
}

TEST(FitStore, WithTheObjectiveKeypointsAloneDecideWhatTeaches) {
  const FitStore store = MakeStore();
  StoredFit fit = MakeFit(50);
  fit.score_px2 = 200;  // an unlikely pose, or few joints to share the prior's cost
  EXPECT_TRUE(store.Accepted("lsp", fit));
  fit.robust_px2 = 150;
  EXPECT_FALSE(store.Accepted("lsp", fit));
}

TEST(FitStore, AnythingFiniteIsBetterThanAFitWithoutScore) {
  FitStore store = MakeStore();
  store.files()[0].Write(store.files()[0].Position("lsp", 2),
                         MakeFit(std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(store.Accepted("lsp", *store.Get({"lsp", 2})));
  EXPECT_EQ(store.Consider({"lsp", 2}, MakeFit(1e6, 0)), Verdict::kImproved);
}

TEST(FitStore, EverySampleHasItsFitInOneOfSeveralFiles) {
  std::vector<FitFile> files;
  for (int i = 0; i < 2; ++i) files.push_back(FitFile::InMemory({{"lsp", 10, ""}}, SmplLayout()));
  FitStore store(StorePolicy(), std::move(files));
  EXPECT_EQ(store.Consider({"lsp", 1}, MakeFit(50), /*file=*/1), Verdict::kFirst);
  EXPECT_EQ(store.Consider({"lsp", 1}, MakeFit(40), /*file=*/1), Verdict::kImproved);
  EXPECT_EQ(store.Consider({"lsp", 2}, MakeFit(200), /*file=*/0), Verdict::kFirst);
  EXPECT_EQ(store.Get({"lsp", 1})->score_px2, 40);
  EXPECT_EQ(store.Get({"lsp", 2})->score_px2, 200);
  EXPECT_FALSE(store.files()[0].Read(1));
  const FitStore::Stats stats = store.GetStats(4);
  EXPECT_EQ(stats.fits, 2);
  EXPECT_EQ(stats.accepted, 1);
  EXPECT_EQ(stats.mean_score_px2, 120);
}

}  // namespace
}  // namespace gyre
