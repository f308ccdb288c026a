// SPDX-License-Identifier: Apache-2.0
// gyre data synth: problems for the fitter.
#include "io/npz.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

TEST(SynthCommandTest, CleanAndStressedProblemsShowTheSamePeople) {
  const ScratchFolder scratch;
  const auto make = [&](const std::string& name, std::vector<std::string> noise) {
    std::vector<std::string> args = {"data",       "synth",        "--no-pictures",
                                     "--problems", scratch / name, "--count",
                                     "20",         "--seed",       "3"};
    args.insert(args.end(), noise.begin(), noise.end());
    const ProgramResult result = Gyre(args);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return ReadNpz(scratch / name);
  };
  const std::vector<std::string> stress = {"--missing",  "0.3",  "--swaps",      "0.05",
                                           "--outliers", "0.05", "--outlier-px", "50"};
  const Npz clean = make("clean.npz", {"--missing", "0"});
  const Npz stressed = make("stressed.npz", stress);
  make("again.npz", stress);
  EXPECT_EQ(ReadFile(scratch / "stressed.npz"), ReadFile(scratch / "again.npz"));
  for (const auto& [key, array] : clean) {
    EXPECT_EQ(array.bytes == stressed.at(key).bytes, key != "keypoints") << key;
  }
  for (const char* start : {"net", "turned", "mean"}) {
    EXPECT_EQ(clean.at(std::string("pose_init_") + start).shape, (std::vector<int64_t>{20, 72}));
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "images"));
}

TEST(SynthCommandTest, NothingToWriteIsWrongUsage) {
  ExpectOneSentence(Gyre({"data", "synth", "--no-pictures"}), 2);
  ExpectOneSentence(
      Gyre({"data", "synth", "--no-pictures", "--problems", "p.npz", "--start-sigma-rad", "-1"}),
      2);
}

}  // namespace
}  // namespace gyre
