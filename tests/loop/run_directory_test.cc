// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "file_calls/file_calls.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class RunDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "gyre-run-XXXXXX").string();
    folder_ = fs::path(mkdtemp(name.data())) / "run";
  }
  void TearDown() override { fs::remove_all(folder_.parent_path()); }

  void MakeRun() {
    RunDirectory run(folder_, false);
    WriteFileAtomically(run.options_file(), "{}");
  }
  static void WriteStep(RunDirectory& run, int64_t step, int keep = 2) {
    run.WriteCheckpoint(step, keep, [&](const fs::path& folder) {
      WriteFileAtomically(folder / "network.pt", std::to_string(step));
    });
  }

  fs::path folder_;
};

TEST_F(RunDirectoryTest, NewestCheckpointsAreKept) {
  RunDirectory run(folder_, false);
  for (const int64_t step : {9, 10, 100000000}) WriteStep(run, step);
  const std::vector<fs::path> found = ListCheckpoints(folder_);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(ReadFile(found[0] / "network.pt"), "100000000");
  EXPECT_EQ(ReadFile(found[1] / "network.pt"), "10");
  EXPECT_EQ(FindCheckpoint(folder_), found[0]);
  EXPECT_EQ(FindCheckpoint(found[1]), found[1]);
}

// The lines of metrics.jsonl before the checkpoint that goes on after them, its files before its
// name, and older ones given up last.
TEST_F(RunDirectoryTest, ACheckpointIsFlushedInThisOrder) {
  RunDirectory run(folder_, false);
  WriteStep(run, 1, /*keep=*/1);
  run.LogMetrics({{"step", 2}});
  FileCalls calls(folder_);
  WriteStep(run, 2, /*keep=*/1);
  EXPECT_THAT(calls.Take(),
              testing::ElementsAre(
                  "flush metrics.jsonl", "flush .", "make checkpoints/000002.tmp",
                  "flush checkpoints", "write checkpoints/000002.tmp/network.pt.tmp",
                  "flush checkpoints/000002.tmp/network.pt.tmp",
                  "rename checkpoints/000002.tmp/network.pt.tmp checkpoints/000002.tmp/network.pt",
                  "flush checkpoints/000002.tmp", "flush checkpoints/000002.tmp",
                  "rename checkpoints/000002.tmp checkpoints/000002", "flush checkpoints"));
  EXPECT_EQ(ListCheckpoints(folder_).size(), 1u);
}

TEST_F(RunDirectoryTest, AFailedCheckpointLeavesTheOlderOne) {
  RunDirectory run(folder_, false);
  WriteStep(run, 1);
  EXPECT_THROW(run.WriteCheckpoint(2, 1,
                                   [](const fs::path& folder) {
                                     WriteFileAtomically(folder / "network.pt", "half");
                                     ThrowUserError("the disk is full");
                                   }),
               UserError);
  ASSERT_EQ(ListCheckpoints(folder_).size(), 1u);
  EXPECT_EQ(ReadFile(FindCheckpoint(folder_) / "network.pt"), "1");
}

TEST_F(RunDirectoryTest, LeftoversOfAKilledProcessAreCleared) {
  MakeRun();
  MakeFolder(folder_ / "checkpoints" / "000007.tmp");
  std::ofstream(folder_ / "fits.store.tmp123") << "half";
  std::ofstream(folder_ / "notes.tmp") << "the user's";
  const RunDirectory run(folder_, true);
  EXPECT_FALSE(fs::exists(folder_ / "checkpoints" / "000007.tmp"));
  EXPECT_FALSE(fs::exists(folder_ / "fits.store.tmp123"));
  EXPECT_TRUE(fs::exists(folder_ / "notes.tmp"));
  EXPECT_THROW(FindCheckpoint(folder_), UserError);
}

TEST_F(RunDirectoryTest, ResumesOnlyWhatIsThereAndOverwritesNothing) {
  EXPECT_THROW(RunDirectory(folder_, true), UserError);
  MakeRun();
  // Without a checkpoint nothing is lost by beginning anew: a typo in the options, say.
  WriteStep(*std::make_unique<RunDirectory>(folder_, false), 1);
  EXPECT_THROW(RunDirectory(folder_, false), UserError);
  EXPECT_NO_THROW(RunDirectory(folder_, true));
}

TEST_F(RunDirectoryTest, ASecondProcessIsRefusedWithTheFirstOnesPid) {
  MakeRun();
  const RunDirectory run(folder_, true);
  try {
    const RunDirectory second(folder_, true);
    FAIL() << "two runs at once";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(std::to_string(getpid())));
  }
}

TEST_F(RunDirectoryTest, MetricsAreCutBackToTheResumedStep) {
  MakeRun();
  RunDirectory run(folder_, true);
  for (int step = 0; step <= 4; ++step) run.LogMetrics({{"step", step}, {"loss", 0.5}});
  std::ofstream(run.metrics_file(), std::ios::app) << "{\"step\": 2, \"lo";  // torn
  run.TruncateMetrics(2);
  EXPECT_EQ(ReadFile(run.metrics_file()),
            "{\"loss\":0.5,\"step\":0}\n{\"loss\":0.5,\"step\":1}\n{\"loss\":0.5,\"step\":2}\n");
}

TEST_F(RunDirectoryTest, NonFiniteMetricsBecomeNull) {
  MakeRun();
  RunDirectory run(folder_, true);
  run.LogMetrics({{"loss", std::nan("")}, {"step", 1}});
  EXPECT_EQ(ReadFile(run.metrics_file()), "{\"loss\":null,\"step\":1}\n");
}

}  // namespace
}  // namespace gyre
