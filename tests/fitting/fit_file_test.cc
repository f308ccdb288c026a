// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <limits>

#include "core/error.h"
#include "core/file.h"
#include "core/rng.h"
#include "file_calls/file_calls.h"
#include "sample_fits.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<FitRows> kSets = {{"lsp", 5, "abc"}, {"empty", 0, ""}, {"coco \xC3\xA9", 7, ""}};

class FitFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("gyre_fit_file_" + std::to_string(::getpid()));
    MakeFolder(folder_);
    path_ = folder_ / "fits.store";
  }
  void TearDown() override { fs::remove_all(folder_); }
  int64_t Step(const FitFile& file, int64_t position) const {
    const auto fit = file.Read(position);
    return fit ? fit->step : -1;
  }
  // A sentence, not a crash.
  void ExpectRefused(const std::string& part) const {
    try {
      FitFile::OpenToRead(path_);
      ADD_FAILURE() << "was read";
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), HasSubstr(part));
    }
  }
  // Without flushing: nobody cuts the power here.
  void Replace(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  void Overwrite(int64_t offset, const std::string& bytes) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file << bytes;
  }

  fs::path folder_, path_;
};

TEST_F(FitFileTest, KeepsWhatWasWritten) {
  FitFile::Create(path_, kSets, SmplLayout()).Write(3, MakeFit(7));
  const FitFile file = FitFile::OpenToRead(path_);
  EXPECT_EQ(file.datasets(), kSets);
  EXPECT_EQ(file.size(), 12);
  const auto fit = file.Read(3);
  ASSERT_TRUE(fit);
  EXPECT_EQ(*fit, MakeFit(7));
  EXPECT_EQ(fit->params.pose()[71], -0.40625 + 71 / 128.0);
  EXPECT_EQ(fit->params.betas()[9], 1.25 - 45 / 64.0);
  EXPECT_EQ(fit->params.transl(), Vec3(0.125, -0.25, 40.5));
  EXPECT_EQ(fit->camera.focal_px, 4321.5);
  EXPECT_EQ(fit->camera.center_px, Vec2(101.25, 117.75));
  EXPECT_EQ(fit->score_px2, 50.5);
  EXPECT_EQ(fit->pose_prior, 80.1);
  EXPECT_EQ(fit->observed_joints, 13);
  EXPECT_EQ(fit->rotation_sd_rad.size(), 24);
  EXPECT_EQ(fit->rotation_sd_rad[3], 0.0625F + 3 / 512.0F);
  EXPECT_EQ(fit->robust_px2, 7.5F);
  EXPECT_EQ(fit->source, FitSource::kLoop);
  EXPECT_EQ(fit->step, 7);
  EXPECT_FALSE(file.Read(2));
}

TEST_F(FitFileTest, FindsSamplesByDataSetAndRow) {
  const FitFile file = FitFile::InMemory(kSets, SmplLayout());
  EXPECT_EQ(file.Position("lsp", 4), 4);
  EXPECT_EQ(file.Position("lsp", 5), -1);
  EXPECT_EQ(file.Position("empty", 0), -1);
  EXPECT_EQ(file.Position("nobody", 0), -1);
  EXPECT_EQ(file.Position("coco \xC3\xA9", 6), 11);
  for (int64_t p = 0; p < file.size(); ++p) {
    const auto [set, row] = file.At(p);
    EXPECT_EQ(file.Position(kSets[static_cast<size_t>(set)].name, row), p);
  }
}

TEST_F(FitFileTest, GoingBackToAProtectedStepFindsItsFits) {
  {
    FitFile file = FitFile::Create(path_, kSets, SmplLayout());
    file.Write(0, MakeFit(0));
    file.Write(1, MakeFit(0));
    file.Write(1, MakeFit(3));
    file.Write(1, MakeFit(4));
    file.Protect(4);
    for (int64_t step = 5; step < 9; ++step) {
      file.Write(0, MakeFit(step));
      file.Write(1, MakeFit(step));
      file.Write(2, MakeFit(step));
    }
    EXPECT_EQ(Step(file, 0), 8);
  }
  EXPECT_EQ(Step(FitFile::OpenToRead(path_), 1), 8) << "readers see the newest";
  {
    FitFile file = FitFile::OpenToWrite(path_, 4);
    EXPECT_EQ(Step(file, 0), 0);
    EXPECT_EQ(Step(file, 1), 4);
    EXPECT_EQ(Step(file, 2), -1);
    // What was rolled back stays so when the steps come round again.
    file.Write(2, MakeFit(9));
    EXPECT_EQ(Step(file, 0), 0);
    file.Write(0, MakeFit(6));
  }
  FitFile file = FitFile::OpenToWrite(path_, 6);
  EXPECT_EQ(Step(file, 0), 6);
  EXPECT_EQ(Step(file, 1), 4);
  EXPECT_EQ(Step(file, 2), -1);
  EXPECT_EQ(file.openings(), 3);
  const FitFile::Census census = file.Verify();
  EXPECT_EQ(census.fits, 2);
  EXPECT_EQ(census.damaged + census.unfinished, 0);
  EXPECT_GT(census.rolled_back, 0);
}

// Against a model that remembers everything: any order of writes, checkpoints and returns to the
// last checkpoint.
TEST_F(FitFileTest, RandomHistoriesAgreeWithAMap) {
  Rng rng(3, RngStream::kTest);
  for (int history = 0; history < 20; ++history) {
    fs::remove(path_);
    std::vector<int64_t> now(12, -1), checkpoint = now;
    auto file = std::make_unique<FitFile>(FitFile::Create(path_, kSets, SmplLayout()));
    int64_t step = 0, saved = 0;
    for (int i = 0; i < 400; ++i) {
      const uint64_t what = rng.Below(20);
      if (what == 0) {
        checkpoint = now;
        saved = step;
        file->Protect(step);
      } else if (what == 1) {
        file.reset();
        file = std::make_unique<FitFile>(FitFile::OpenToWrite(path_, saved));
        now = checkpoint;
        step = saved;
      } else {
        step += rng.Bernoulli(0.5) || step == saved ? 1 : 0;
        const auto p = static_cast<int64_t>(rng.Below(12));
        file->Write(p, MakeFit(step));
        now[static_cast<size_t>(p)] = step;
      }
      for (int64_t p = 0; p < 12; ++p) {
        ASSERT_EQ(Step(*file, p), now[static_cast<size_t>(p)]) << history << " " << i << " " << p;
      }
    }
  }
}

// A write that stops after any number of bytes costs neither the protected fit nor the verdict.
TEST_F(FitFileTest, ATornRecordLeavesTheProtectedFit) {
  {
    FitFile file = FitFile::Create(path_, kSets, SmplLayout());
    file.Write(0, MakeFit(1));
    file.Protect(1);
  }
  const std::string before = ReadFile(path_);
  FitFile::OpenToWrite(path_, 1).Write(0, MakeFit(2));
  const std::string after = ReadFile(path_);
  size_t first = before.size(), last = 0;
  for (size_t i = before.size() - 12 * 1024; i < before.size(); ++i) {
    if (before[i] != after[i]) first = std::min(first, i), last = i;
  }
  ASSERT_LT(last - first, 512u);
  for (size_t cut = first; cut <= last; ++cut) {
    std::string torn = before;
    torn.replace(first, cut - first, after, first, cut - first);
    Replace(torn);
    const FitFile file = FitFile::OpenToRead(path_);
    ASSERT_EQ(Step(file, 0), 1) << cut;
    const FitFile::Census census = file.Verify();
    ASSERT_EQ(census.damaged, 0) << cut;
    ASSERT_EQ(census.unfinished, cut == first ? 0 : 1) << cut;
  }
}

TEST_F(FitFileTest, AnyFlippedBitOfARecordIsNoticed) {
  FitFile::Create(path_, kSets, SmplLayout()).Write(11, MakeFit(1));
  const std::string good = ReadFile(path_);
  const size_t record = good.size() - 1024;
  ASSERT_NE(good.find_first_not_of('\0', record), std::string::npos);
  const size_t begin = good[good.size() - 512] != '\0' ? good.size() - 512 : record;
  for (size_t i = 0; i < 512; ++i) {
    std::string bad = good;
    bad[begin + i] = static_cast<char>(bad[begin + i] ^ (1 << (i % 8)));
    Replace(bad);
    const FitFile file = FitFile::OpenToRead(path_);
    ASSERT_FALSE(file.Read(11)) << i;
    const FitFile::Census census = file.Verify();
    // In the checksums themselves it looks like a write that was cut off.
    ASSERT_EQ(census.damaged + census.unfinished, 1) << i;
    ASSERT_EQ(census.damaged, i < 4 || i >= 508 ? 0 : 1) << i;
  }
}

TEST_F(FitFileTest, RecordsInTheWrongPlaceAreNoticed) {
  FitFile::Create(path_, kSets, SmplLayout()).Write(10, MakeFit(1));
  std::string bytes = ReadFile(path_);
  bytes.replace(bytes.size() - 1024, 1024, bytes, bytes.size() - 2048, 1024);
  Replace(bytes);
  EXPECT_FALSE(FitFile::OpenToRead(path_).Read(11));
  EXPECT_EQ(FitFile::OpenToRead(path_).Verify().damaged, 1);
}

TEST_F(FitFileTest, OneWriterManyReaders) {
  FitFile writer = FitFile::Create(path_, kSets, SmplLayout());
  const FitFile reader = FitFile::OpenToRead(path_);
  writer.Write(0, MakeFit(1));
  EXPECT_EQ(Step(reader, 0), 1);
  EXPECT_THROW(FitFile::OpenToWrite(path_), UserError);
  EXPECT_THROW(FitFile::Create(path_, kSets, SmplLayout()), UserError);
}

TEST_F(FitFileTest, AKilledWriterLeavesNoLock) {
  const pid_t pid = fork();
  if (pid == 0) {
    FitFile file = FitFile::Create(path_, kSets, SmplLayout());
    file.Write(0, MakeFit(1));
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(Step(FitFile::OpenToWrite(path_), 0), 1);
}

TEST_F(FitFileTest, HostileHeadersGiveOneSentence) {
  EXPECT_THROW(FitFile::OpenToRead(path_), UserError);
  Replace("");
  ExpectRefused("no file of fits");
  Replace("GYREFITS");
  ExpectRefused("no file of fits");
  fs::remove(path_);
  FitFile::Create(path_, kSets, SmplLayout());
  const std::string good = ReadFile(path_);
  Overwrite(8, std::string("\x03\0\0\0", 4));
  ExpectRefused("version 3");
  Replace(good);
  Overwrite(30, "x");
  ExpectRefused("header is damaged");
  Replace(good);
  Overwrite(12, "\xFF\xFF\xFF\xFF");
  ExpectRefused("header is damaged");
  Replace(good.substr(0, good.size() - 1));
  ExpectRefused("cut short");
  Replace(good);
  EXPECT_NO_THROW(FitFile::OpenToRead(path_));
  EXPECT_THROW(FitFile::OpenToRead(folder_), UserError);
  EXPECT_THROW(FitFile::OpenToRead("/dev/zero"), UserError);
}

TEST_F(FitFileTest, NothingUnsoundIsEverWritten) {
  FitFile file = FitFile::InMemory(kSets, SmplLayout());
  StoredFit fit = MakeFit(1);
  fit.params.pose()[5] = std::nan("");
  EXPECT_THROW(file.Write(0, fit), std::logic_error);
  fit = MakeFit(1);
  fit.params.transl().z() = 1e39;  // infinite as a float
  EXPECT_THROW(file.Write(0, fit), std::logic_error);
  EXPECT_THROW(file.Write(0, MakeFit(1, std::nan(""))), std::logic_error);
  EXPECT_NO_THROW(file.Write(0, MakeFit(1, std::numeric_limits<double>::infinity())));
  EXPECT_THROW(file.Write(0, MakeFit(MakeLayout("other", 12, 3, 2), 1)), std::logic_error);
}

// Bodies of other sizes, their records of one sector and of three.
TEST_F(FitFileTest, KeepsFitsOfOtherBodies) {
  for (const FitLayout& layout : {MakeLayout("other", 12, 3, 2), MakeLayout("smplx", 55, 10, 10)}) {
    fs::remove(path_);
    {
      FitFile file = FitFile::Create(path_, kSets, layout);
      for (int64_t p = 0; p < file.size(); ++p) file.Write(p, MakeFit(layout, 10 + p));
      file.Protect(21);
      for (int64_t p = 0; p < file.size(); ++p) file.Write(p, MakeFit(layout, 30 + p));
    }
    const FitFile file = FitFile::OpenToWrite(path_, 21);
    EXPECT_EQ(file.layout(), layout);
    for (int64_t p = 0; p < file.size(); ++p) {
      EXPECT_EQ(file.Read(p), MakeFit(layout, 10 + p)) << layout.Describe() << " " << p;
    }
    const FitFile::Census census = file.Verify();
    EXPECT_EQ(census.fits, 12);
    EXPECT_EQ(census.rolled_back, 12);
    EXPECT_EQ(census.damaged + census.unfinished, 0);
    try {
      file.RequireLayout(SmplLayout(), "the body builtin");
      ADD_FAILURE() << "is SMPL's";
    } catch (const UserError& error) {
      EXPECT_EQ(error.what(), path_.string() + ": holds fits of " + layout.Describe() +
                                  ", and the body builtin is of smpl (24 joints, 10 betas)");
    }
    EXPECT_NO_THROW(file.RequireLayout(layout, "the same"));
  }
  EXPECT_EQ(MakeLayout("smplx", 55, 10, 10).Describe(),
            "smplx (55 joints, 10 betas, 10 of expression)");
}

// The file is whole before it has its name, and an opening is on the disk before any record that it
// counts in or out.
TEST_F(FitFileTest, FlushesInThisOrder) {
  FileCalls calls(folder_);
  {
    FitFile file = FitFile::Create(path_, kSets, SmplLayout());
    EXPECT_THAT(calls.Take(),
                ElementsAre("write fits.store.tmp", "cut fits.store.tmp", "flush fits.store.tmp",
                            "rename fits.store.tmp fits.store", "flush .", "write fits.store",
                            "flush fits.store"));
    file.Write(3, MakeFit(1));
    EXPECT_THAT(calls.Take(), ElementsAre("write fits.store"));
    file.Sync();
    EXPECT_THAT(calls.Take(), ElementsAre("flush fits.store"));
  }
  FitFile::OpenToWrite(path_, 1);
  EXPECT_THAT(calls.Take(), ElementsAre("write fits.store", "flush fits.store"));
}

TEST_F(FitFileTest, HolesTakeNoRoom) {
  for (const FitLayout& layout : {FitLayout(SmplLayout()), MakeLayout("smplx", 55, 10, 10)}) {
    fs::remove(path_);
    FitFile file = FitFile::Create(path_, {{"huge", 10'000'000, ""}}, layout);
    file.Write(1'234'567, MakeFit(layout, 1));
    file.Write(9'999'999, MakeFit(layout, 1));
    EXPECT_LT(file.DiskBytes(), 1 << 20);
    EXPECT_GT(file.NextUsed(0), 1'234'000);
    EXPECT_LE(file.NextUsed(0), 1'234'567);
    EXPECT_GT(file.NextUsed(1'234'600), 9'000'000);
    EXPECT_EQ(file.Verify().fits, 2);
  }
}

}  // namespace
}  // namespace gyre
