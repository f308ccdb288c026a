// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "core/error.h"
#include "core/file.h"

namespace gyre {
namespace {

using Verdict = FitStore::Verdict;

StoredFit MakeFit(double score, double prior = 80) {
  StoredFit fit;
  fit.params.pose.setLinSpaced(-0.4, 0.4);
  fit.params.betas.setConstant(0.3);
  fit.params.transl = {0.1, 0.2, 40};
  fit.camera = SpinCropCamera();
  fit.score_px2 = score;
  fit.pose_prior = prior;
  fit.observed_joints = 14;
  fit.source = FitSource::kLoop;
  fit.step = 12;
  return fit;
}

class FitStoreFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("gyre_fit_store_" + std::to_string(::getpid()));
    MakeFolder(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST(FitStore, OnlyImproves) {
  FitStore store;
  const FitStore::Key key{"lsp", 7};
  EXPECT_FALSE(store.Get(key));
  EXPECT_EQ(store.Consider(key, MakeFit(50)), Verdict::kFirst);
  EXPECT_EQ(store.Consider(key, MakeFit(60)), Verdict::kNotBetter);
  EXPECT_EQ(store.Consider(key, MakeFit(50)), Verdict::kNotBetter);
  EXPECT_EQ(store.Consider(key, MakeFit(40)), Verdict::kImproved);
  EXPECT_EQ(store.Get(key)->score_px2, 40);
  EXPECT_EQ(store.Consider({"coco", 7}, MakeFit(200)), Verdict::kFirst);
  EXPECT_EQ(store.size(), 2);
  const FitStore::Counters counters = store.counters();
  EXPECT_EQ(counters.considered, 5);
  EXPECT_EQ(counters.Updated(), 3);
  EXPECT_EQ(counters.not_better, 2);
  const FitStore::Stats stats = store.GetStats(4);
  EXPECT_DOUBLE_EQ(stats.share_with_fit, 0.5);
  EXPECT_DOUBLE_EQ(stats.accepted_share, 0.5);
  EXPECT_DOUBLE_EQ(stats.mean_score_px2, 120);
}

TEST(FitStore, RefusesImplausibleBodies) {
  FitStore store;
  const FitStore::Key key{"lsp", 7};
  StoredFit fit = MakeFit(50);
  fit.params.betas[3] = -3.5;
  EXPECT_EQ(store.Consider(key, fit), Verdict::kShape);
  fit = MakeFit(50);
  fit.params.pose[12] = -1;  // the left knee bent backwards
  EXPECT_EQ(store.Consider(key, fit), Verdict::kAngles);
  EXPECT_EQ(store.Consider(key, MakeFit(50, 1e4)), Verdict::kPrior);
  EXPECT_EQ(store.Consider(key, MakeFit(std::nan(""))), Verdict::kNotFinite);
  EXPECT_EQ(store.size(), 0);
}

// Q5: in SPIN only the score decides.
TEST(FitStore, PriorGuardIsOursAndScoreOnlyIsSpins) {
  for (bool spin : {false, true}) {
    FitStore store(spin ? StorePolicy::Spin() : StorePolicy{});
    const FitStore::Key key{"lsp", 7};
    store.Consider(key, MakeFit(50, 80));
    EXPECT_EQ(store.Consider(key, MakeFit(40, 120)), spin ? Verdict::kImproved : Verdict::kPrior);
    EXPECT_EQ(store.Consider(key, MakeFit(30, 85)), Verdict::kImproved);
  }
}

TEST(FitStore, TruthStays) {
  FitStore store;
  StoredFit truth = MakeFit(0);
  truth.score_px2 = std::numeric_limits<double>::infinity();
  truth.source = FitSource::kTruth;
  store.Put({"h36m", 1}, truth);
  EXPECT_EQ(store.Consider({"h36m", 1}, MakeFit(1)), Verdict::kKept);
  EXPECT_TRUE(store.Accepted(*store.Get({"h36m", 1})));
}

TEST_F(FitStoreFiles, RoundTrip) {
  FitStore store;
  store.Put({"lsp", 3}, MakeFit(12.5));
  store.Put({"coco \xC3\xA9", 1}, MakeFit(99, 70));
  const auto path = folder_ / "fits.npz";
  store.Save(path);
  const FitStore loaded = FitStore::Load(path);
  EXPECT_EQ(loaded.size(), 2);
  const auto fit = loaded.Get({"lsp", 3});
  ASSERT_TRUE(fit);
  const StoredFit expected = MakeFit(12.5);
  EXPECT_EQ(fit->params.pose, expected.params.pose);
  EXPECT_EQ(fit->params.betas, expected.params.betas);
  EXPECT_EQ(fit->params.transl, expected.params.transl);
  EXPECT_EQ(fit->camera.center_px, expected.camera.center_px);
  EXPECT_EQ(fit->score_px2, 12.5);
  EXPECT_EQ(fit->observed_joints, 14);
  EXPECT_EQ(fit->source, FitSource::kLoop);
  EXPECT_EQ(fit->step, 12);
  EXPECT_TRUE(loaded.Get({"coco \xC3\xA9", 1}));
}

TEST_F(FitStoreFiles, EmptyRoundTrip) {
  const auto path = folder_ / "fits.npz";
  FitStore().Save(path);
  EXPECT_EQ(FitStore::Load(path).size(), 0);
}

TEST_F(FitStoreFiles, SpinLayoutRoundTrip) {
  FitStore store, imported;
  store.Put({"lsp", 2}, MakeFit(12.5));
  store.Put({"mpii", 0}, MakeFit(1));
  const auto path = folder_ / "lsp_fits.npy";
  store.ExportSpin(path, "lsp", 4);
  const NdArray table = ReadNpy(path);
  EXPECT_EQ(table.shape, (std::vector<int64_t>{4, 82}));
  imported.ImportSpin(path, "lsp");
  EXPECT_EQ(imported.size(), 1);
  EXPECT_EQ(imported.Get({"lsp", 2})->params.pose, MakeFit(0).params.pose);
  // Without a score yet, anything finite is better.
  EXPECT_EQ(imported.Consider({"lsp", 2}, MakeFit(1e6, 0)), Verdict::kImproved);
}

TEST_F(FitStoreFiles, HostileFilesGiveOneSentence) {
  const auto path = folder_ / "fits.npz";
  EXPECT_THROW(FitStore::Load(path), UserError);
  WriteFileAtomically(path, "not a zip file");
  EXPECT_THROW(FitStore::Load(path), UserError);
  FitStore store;
  store.Put({"lsp", 3}, MakeFit(1));
  Npz npz = store.ToNpz();
  npz["pose"] = NdArray::FromScalar(1);
  EXPECT_THROW(FitStore::FromNpz(npz, path, {}), UserError);
  npz = store.ToNpz();
  npz.erase("score_px2");
  EXPECT_THROW(FitStore::FromNpz(npz, path, {}), UserError);
  npz = store.ToNpz();
  npz["source"] = NdArray::From<int8_t>({1}, std::vector<int8_t>{9});
  EXPECT_THROW(FitStore::FromNpz(npz, path, {}), UserError);
  npz = store.ToNpz();
  npz["dataset"] = NdArray::FromMatrix(RowMatX::Zero(1, 1));
  EXPECT_THROW(FitStore::FromNpz(npz, path, {}), UserError);
}

}  // namespace
}  // namespace gyre
