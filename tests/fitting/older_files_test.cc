// SPDX-License-Identifier: Apache-2.0
// Stores and exports that an older version wrote (data/README.md).
#include <gtest/gtest.h>

#include "core/file.h"
#include "fitting/store/fit_exchange.h"
#include "fitting/store/fit_npz.h"
#include "fitting/store/fit_pairs.h"
#include "io/gzip.h"
#include "io/io_test_util.h"
#include "io/npz.h"
#include "sample_fits.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

const fs::path kExport = "tests/fitting/data/export.npz";

class OlderFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_.Write("fits.store", ReadGzip("tests/fitting/data/fits.store.gz"));
  }

  TempFolder folder_;
  fs::path path_;
};

TEST_F(OlderFilesTest, AStoreIsReadAsOfSmplBodies) {
  const FitFile file = FitFile::OpenToRead(path_);
  EXPECT_EQ(file.layout(), FitLayout(SmplLayout()));
  EXPECT_EQ(file.datasets(), (std::vector<FitRows>{{"spin", 5, "0b15ff97a5879ddf"}}));
  EXPECT_EQ(file.openings(), 2);
  const FitFile::Census census = file.Verify();
  EXPECT_EQ(census.fits, 5);
  EXPECT_EQ(census.older, 3);
  EXPECT_EQ(census.rolled_back + census.unfinished + census.damaged, 0);

  const auto fit = file.Read(3);
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->params.pose()[0], 2.5978806F);
  EXPECT_EQ(fit->params.pose()[1], 0.014392851F);
  EXPECT_EQ(fit->params.pose()[71], -2.282603e-26F);
  EXPECT_EQ(fit->params.betas()[0], 0.017240996F);
  EXPECT_EQ(fit->params.betas()[9], 0.009885329F);
  EXPECT_EQ(fit->params.transl()[0], -0.0146226995F);
  EXPECT_EQ(fit->params.transl()[2], 10.354005F);
  EXPECT_EQ(fit->camera.focal_px, 1959.7589F);
  EXPECT_EQ(fit->camera.center_px.x(), 65.70815F);
  EXPECT_EQ(fit->camera.center_px.y(), 54.987885F);
  EXPECT_EQ(fit->score_px2, 75.24384606108346);
  EXPECT_EQ(fit->pose_prior, 80.93656436640504);
  EXPECT_EQ(fit->robust_px2, 13.489053F);
  EXPECT_EQ(fit->observed_joints, 25);
  EXPECT_EQ(fit->source, FitSource::kLoop);
  EXPECT_EQ(fit->step, 7);
  EXPECT_EQ(fit->rotation_sd_rad[0], 0.12005929F);
  EXPECT_EQ(fit->rotation_sd_rad[23], 0.1F);
}

TEST_F(OlderFilesTest, ARunGoesOnInAnOlderStore) {
  {
    FitFile file = FitFile::OpenToWrite(path_, 7);  // from a checkpoint of step 7
    EXPECT_EQ(file.openings(), 3);
    EXPECT_EQ(file.Read(2)->step, 2) << "that of step 9 does not count";
    EXPECT_EQ(file.Read(2)->score_px2, 67.34014377560192);
    EXPECT_EQ(file.Read(3)->step, 7);
    EXPECT_EQ(file.Read(4)->step, 0);
    file.Write(2, MakeFit(8, 60.25));
  }
  const FitFile file = FitFile::OpenToRead(path_);
  EXPECT_EQ(file.Read(2), MakeFit(8, 60.25));
  const FitFile::Census census = file.Verify();
  EXPECT_EQ(census.fits, 5);
  EXPECT_EQ(census.rolled_back, 1);
  EXPECT_EQ(census.unfinished + census.damaged, 0);
}

TEST_F(OlderFilesTest, AnExportIsReadAndIsWhatIsExportedNow) {
  const FitFile file = FitFile::OpenToRead(path_);
  const FitDifferences differences = CompareFits(file, ReadFits(kExport));
  EXPECT_TRUE(differences.None());
  EXPECT_EQ(differences.equal, 5);
  ExportFits(file, folder_.path() / "export.npz", "");
  const Npz now = ReadNpz(folder_.path() / "export.npz"), then = ReadNpz(kExport);
  EXPECT_GT(now.size(), then.size());  // keys are added, none is taken away
  for (const auto& [key, array] : then) {
    const NdArray& same = now.at(key);
    EXPECT_EQ(same.dtype, array.dtype) << key;
    EXPECT_EQ(same.shape, array.shape) << key;
    EXPECT_EQ(same.bytes, array.bytes) << key;
    EXPECT_EQ(same.strings, array.strings) << key;
  }
}

// The version after that named the layout, not yet the body.
TEST_F(OlderFilesTest, AStoreOfANamedLayoutIsReadAndExportedAsThen) {
  const fs::path path =
      folder_.Write("layout.store", ReadGzip("tests/fitting/data/layout.store.gz"));
  const FitFile file = FitFile::OpenToRead(path);
  EXPECT_EQ(file.layout(), FitLayout(SmplLayout()));
  EXPECT_EQ(file.origin(), FitOrigin());
  EXPECT_EQ(file.Verify().fits, 3);
  const FitFile exported = ReadFits("tests/fitting/data/layout_export.npz");
  EXPECT_EQ(exported.origin(), FitOrigin());
  EXPECT_EQ(exported.SubjectAt(0), nullptr);
  EXPECT_TRUE(CompareFits(file, exported).None());
  EXPECT_EQ(CompareFits(file, exported).equal, 3);
  ExportFits(file, folder_.path() / "export.npz", "");
  const Npz now = ReadNpz(folder_.path() / "export.npz");
  for (const auto& [key, array] : ReadNpz("tests/fitting/data/layout_export.npz")) {
    EXPECT_EQ(now.at(key).dtype, array.dtype) << key;
    EXPECT_EQ(now.at(key).shape, array.shape) << key;
    EXPECT_EQ(now.at(key).bytes, array.bytes) << key;
    EXPECT_EQ(now.at(key).strings, array.strings) << key;
  }
  // A run goes on in it, and its header stays what it is.
  { FitFile::OpenToWrite(path).Write(0, MakeFit(9, 1.5)); }
  EXPECT_EQ(FitFile::OpenToRead(path).Read(0), MakeFit(9, 1.5));
  EXPECT_EQ(FitFile::OpenToRead(path).origin(), FitOrigin());
}

}  // namespace
}  // namespace gyre
