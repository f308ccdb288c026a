// SPDX-License-Identifier: Apache-2.0
// The benchmarks run, and what they report adds up. (What they measure is no matter for a test.)
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tools/run_gyre.h"

namespace gyre {
namespace {

nlohmann::json BenchJson(std::vector<std::string> args) {
  args.insert(args.begin(), "bench");
  args.emplace_back("--json");
  const ProgramResult result = Gyre(args);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return nlohmann::json::parse(result.out);
}

TEST(BenchCommandTest, SmplReportsEveryBatchAndNumberOfThreads) {
  const auto json = BenchJson({"smpl", "--batch", "3,1", "--threads", "1,2", "--runs", "2"});
  EXPECT_GT(json["vertices"], 1000);
  ASSERT_EQ(json["rows"].size(), 4);
  EXPECT_EQ(json["rows"][0]["batch"], 1);
  EXPECT_EQ(json["rows"][3]["batch"], 3);
  EXPECT_EQ(json["rows"][3]["threads"], 2);
  for (const auto& row : json["rows"]) {
    EXPECT_GT(row["forward_ms"], 0);
    EXPECT_GT(row["forward_backward_ms"], 0);
  }
  for (const char* batch : {"0", "1000000000"}) {
    ExpectOneSentence(Gyre({"bench", "smpl", "--batch", batch}), 2);
  }
  ExpectOneSentence(Gyre({"bench", "smpl", "--threads", "100000"}), 2);
}

TEST(BenchCommandTest, LoadReadsPicturesThatItMakes) {
  const auto json = BenchJson({"load", "--frame", "128", "--crop", "32", "--batch-size", "2",
                               "--pictures", "4", "--quiet"});
  EXPECT_NEAR(json["ms_per_picture"]["megapixels"].get<double>(), 0.128 * 0.128, 1e-9);
  ASSERT_EQ(json["loader"].size(), 2);
  for (const auto& row : json["loader"]) EXPECT_GT(row["pictures_per_s"], 0);
}

TEST(BenchCommandTest, LoadWithoutAFolderForPicturesSaysSo) {
  const char* const set = std::getenv("TMPDIR");
  const std::string before = set ? set : "";
  for (const char* folder : {"/nowhere", "/proc"}) {
    // Only for the program: this test keeps its own files elsewhere.
    const ScratchFolder scratch;
    setenv("TMPDIR", folder, 1);
    const pid_t pid = StartGyre({"bench", "load"}, scratch / "out", scratch / "err");
    set ? setenv("TMPDIR", before.c_str(), 1) : unsetenv("TMPDIR");
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WEXITSTATUS(status), 1);
    EXPECT_THAT(ReadFile(scratch / "err"), testing::HasSubstr("set TMPDIR"));
  }
}

TEST(BenchCommandTest, TrainTakesStepsWithAndWithoutFits) {
  const auto json = BenchJson({"train", "--preset", "demo", "--batch-size", "2", "--steps", "1",
                               "--threads", "1", "--quiet"});
  EXPECT_EQ(json["batch_size"], 2);
  for (const char* kind : {"without_fits", "with_fits"}) {
    double phases = 0;
    for (const auto& phase : json[kind]["phases_ms"]) phases += phase.get<double>();
    EXPECT_LE(phases, json[kind]["ms"].get<double>() + 1e-3);
    EXPECT_GT(phases, 0.5 * json[kind]["ms"].get<double>());
  }
  EXPECT_FALSE(json["without_fits"].contains("fit_overhead"));
  EXPECT_TRUE(json.contains("fit_overhead"));
}

}  // namespace
}  // namespace gyre
