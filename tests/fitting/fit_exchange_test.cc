// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_exchange.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "core/error.h"
#include "core/file.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

StoredFit MakeFit(double score) {
  StoredFit fit;
  fit.params.pose().setLinSpaced(-0.5, 0.5);
  fit.params.betas().setConstant(0.3);
  fit.params.transl() = Vec3{0.1, 0.2, 40};
  fit.camera = SpinCropCamera();
  fit.score_px2 = score;
  fit.pose_prior = 80;
  fit.observed_joints = 14;
  fit.rotation_sd_rad[3] = 0.25F;
  fit.robust_px2 = 7.5F;
  fit.source = FitSource::kLoop;
  fit.step = 12;
  return fit;
}

class FitExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("gyre_fit_exchange_" + std::to_string(::getpid()));
    MakeFolder(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  static FitFile Sample() {
    FitFile file = FitFile::InMemory({{"coco \xC3\xA9", 3, ""}, {"lsp", 6, ""}});
    file.Write(file.Position("coco \xC3\xA9", 1), MakeFit(99));
    file.Write(file.Position("lsp", 2), MakeFit(12.5));
    file.Write(file.Position("lsp", 5), MakeFit(std::numeric_limits<double>::infinity()));
    return file;
  }

  fs::path folder_;
};

TEST_F(FitExchangeTest, NpzKeepsEverything) {
  const FitFile file = Sample();
  const fs::path path = folder_ / "fits.npz";
  ExportFits(file, path, "");
  const FitDifferences differences = CompareFits(file, ReadFits(path));
  EXPECT_TRUE(differences.None());
  EXPECT_EQ(differences.equal, 3);
  EXPECT_EQ(Get(ReadNpz(path), "pose", path).shape, (std::vector<int64_t>{3, 72}));
  ExportFits(file, path, "lsp");
  EXPECT_EQ(CompareFits(file, ReadFits(path)).only_first, 1);
  EXPECT_THROW(ExportFits(file, path, "mpii"), UserError);
}

TEST_F(FitExchangeTest, AnEmptyStoreIsAnEmptyExport) {
  const FitFile file = FitFile::InMemory({{"lsp", 6, ""}});
  const fs::path path = folder_ / "fits.npz";
  ExportFits(file, path, "");
  EXPECT_TRUE(CompareFits(file, ReadFits(path)).None());
}

// What two runs hold tells, not how it came there.
TEST_F(FitExchangeTest, ExportsOfTheSameFitsAreTheSameBytes) {
  FitFile a = Sample(), b = Sample();
  for (int i = 0; i < 3; ++i) a.Write(1, MakeFit(200 - i));
  a.Write(1, MakeFit(99));
  EXPECT_TRUE(CompareFits(a, b).None());
  ExportFits(a, folder_ / "a.npz", "");
  ExportFits(b, folder_ / "b.npz", "");
  EXPECT_EQ(ReadFile(folder_ / "a.npz"), ReadFile(folder_ / "b.npz"));
}

TEST_F(FitExchangeTest, SpinsLayouts) {
  const FitFile file = Sample();
  for (const char* name : {"lsp_fits.npy", "lsp.npz"}) {
    const fs::path path = folder_ / name;
    ExportSpinFits(file, path, "lsp");
    const FitFile read = ReadFits(path, "lsp");
    EXPECT_EQ(read.size(), 6);
    EXPECT_EQ(read.Verify().fits, 2);
    EXPECT_EQ(read.Read(2)->params.pose(), file.Read(file.Position("lsp", 2))->params.pose());
    EXPECT_TRUE(std::isinf(read.Read(2)->score_px2));
    EXPECT_THROW(ReadFits(path), UsageError) << "whose fits?";
  }
  EXPECT_EQ(ReadNpy(folder_ / "lsp_fits.npy").shape, (std::vector<int64_t>{6, 82}));
}

TEST_F(FitExchangeTest, MergingTakesTheBetterFitAndTruthBeforeAll) {
  FitFile first = FitFile::Create(folder_ / "1", {{"lsp", 4, "f"}});
  FitFile second = FitFile::Create(folder_ / "2", {{"lsp", 6, ""}, {"mpii", 1, ""}});
  StoredFit truth = MakeFit(500);
  truth.source = FitSource::kTruth;
  first.Write(0, MakeFit(10)), second.Write(0, MakeFit(20));
  first.Write(1, MakeFit(20)), second.Write(1, MakeFit(10));
  first.Write(2, MakeFit(1)), second.Write(2, truth);
  second.Write(5, MakeFit(5)), second.Write(6, MakeFit(6));
  MergeFits({folder_ / "1", folder_ / "2"}, folder_ / "3");
  const FitFile merged = FitFile::OpenToRead(folder_ / "3");
  EXPECT_EQ(merged.datasets(), (std::vector<FitRows>{{"lsp", 6, "f"}, {"mpii", 1, ""}}));
  EXPECT_EQ(merged.Read(0)->score_px2, 10);
  EXPECT_EQ(merged.Read(1)->score_px2, 10);
  EXPECT_EQ(merged.Read(2)->source, FitSource::kTruth);
  EXPECT_FALSE(merged.Read(3));
  EXPECT_EQ(merged.Read(5)->score_px2, 5);
  EXPECT_EQ(merged.Read(6)->score_px2, 6);
  EXPECT_THROW(MergeFits({folder_ / "1"}, folder_ / "3"), UserError) << "is there already";
  FitFile::Create(folder_ / "other", {{"lsp", 4, "g"}});
  EXPECT_THROW(MergeFits({folder_ / "1", folder_ / "other"}, folder_ / "4"), UserError);
  EXPECT_FALSE(fs::exists(folder_ / "4"));
}

TEST_F(FitExchangeTest, HostileFilesGiveOneSentence) {
  const fs::path path = folder_ / "fits.npz";
  EXPECT_THROW(ReadFits(path), UserError);
  WriteFileAtomically(path, "not a zip file");
  EXPECT_THROW(ReadFits(path), UserError);
  WriteFileAtomically(folder_ / "fits.txt", "neither");
  EXPECT_THROW(ReadFits(folder_ / "fits.txt"), UserError);
  ExportFits(Sample(), path, "");
  const Npz good = ReadNpz(path);
  const auto expect_refused = [&](const char* key, const NdArray& array) {
    Npz bad = good;
    bad[key] = array;
    WriteNpz(path, bad);
    EXPECT_THROW(ReadFits(path), UserError) << key;
  };
  expect_refused("pose", NdArray::FromScalar(1));
  expect_refused("dataset", NdArray::FromMatrix(RowMatX::Zero(1, 3)));
  expect_refused("source", NdArray::From<int8_t>({3}, std::vector<int8_t>{1, 9, 1}));
  expect_refused("source", NdArray::From<int64_t>({3}, std::vector<int64_t>{1, 900, 1}));
  expect_refused("index", NdArray::From<int64_t>({3}, std::vector<int64_t>{1, -2, 1}));
  expect_refused("index", NdArray::From<int64_t>({3}, std::vector<int64_t>{1, 1LL << 62, 1}));
  expect_refused("focal_px", NdArray::From<double>({3}, std::vector<double>{1, std::nan(""), 1}));
  Npz lacking = good;
  lacking.erase("score_px2");
  WriteNpz(path, lacking);
  EXPECT_THROW(ReadFits(path), UserError);
}

TEST_F(FitExchangeTest, TheShardsOfARunAreReadAsOne) {
  const FitFile whole = Sample();
  const std::vector<std::string> names = FitFileNames(kFitsFile, 3);
  EXPECT_EQ(names[2], "fits-00002-of-00003.store");
  EXPECT_EQ(FitFileNames(kFitsFile, 1), std::vector<std::string>{kFitsFile});
  {
    std::vector<FitFile> shards;
    for (const std::string& name : names) {
      shards.push_back(FitFile::Create(folder_ / name, whole.datasets()));
    }
    for (int64_t p = whole.NextUsed(0); p < whole.size(); p = whole.NextUsed(p + 1)) {
      if (const auto fit = whole.Read(p)) shards[p % 3].Write(p, *fit);
    }
  }
  FitFile::Create(folder_ / "val_fits.store", {{"val", 2, ""}});  // not of the same name
  const FitFile read = ReadFits(folder_);
  EXPECT_TRUE(CompareFits(whole, read).None());
  EXPECT_EQ(CompareFits(whole, read).equal, 3);
  EXPECT_EQ(read.Verify().fits, 3);
  EXPECT_GT(read.DiskBytes(), FitFile::OpenToRead(folder_ / names[0]).DiskBytes());
  ExportFits(read, folder_ / "fits.npz", "");
  ExportFits(whole, folder_ / "whole.npz", "");
  EXPECT_EQ(ReadFile(folder_ / "fits.npz"), ReadFile(folder_ / "whole.npz"));

  fs::rename(folder_ / names[1], folder_ / "elsewhere");
  EXPECT_THROW(ReadFits(folder_), UserError);
  FitFile::Create(folder_ / names[1], {{"another", 3, ""}});
  EXPECT_THROW(ReadFits(folder_), UserError);
}

}  // namespace
}  // namespace gyre
