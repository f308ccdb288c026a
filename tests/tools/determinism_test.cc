// SPDX-License-Identifier: Apache-2.0
// The same seed gives the same bytes, whatever the numbers of threads, and whether or not the run
// was killed on its way. tools/determinism shows every combination.
#include <signal.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

class DeterminismTest : public testing::Test {
 protected:
  // What a run leaves that must not depend on threads.
  struct Outcome {
    std::string weights, fits;
    std::vector<nlohmann::json> metrics;  // without times
  };

  void SetUp() override {
    // Noise and missing joints give the network's starts fits to improve.
    const ProgramResult made =
        Gyre({"data", "synth", "--count", "10", "--frame", "96", "--noise", "4", "--missing", "0.3",
              "--name", "people", "--out", scratch_ / "data", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }

  std::string Run(const std::string& name) const { return scratch_ / name; }

  std::vector<std::string> TrainArgs(const std::string& name, int loader_threads, int fit_threads,
                                     int seed = 1) const {
    const std::string spec = "spin:" + (scratch_ / "data/people.npz").string();
    return {"train",
            "--preset=demo",
            "--run=" + Run(name),
            "--data=" + spec,
            "--val=" + spec + "?name=val",
            "--steps=8",
            "--batch-size=4",
            "--network.image-px=32",
            "--log-every=1",
            "--val-every=4",
            "--checkpoint-every=2",
            "--pictures=0",
            "--threads=1",
            "--loader-threads=" + std::to_string(loader_threads),
            "--fit-threads=" + std::to_string(fit_threads),
            "--seed=" + std::to_string(seed),
            "--quiet"};
  }

  void Train(const std::vector<std::string>& args) const {
    const ProgramResult trained = Gyre(args);
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
  }

  // Killed after its checkpoint of step 2, before its end.
  void TrainUntilKilled(const std::string& name, int loader_threads, int fit_threads) const {
    const pid_t pid =
        StartGyre(TrainArgs(name, loader_threads, fit_threads), scratch_ / "out", scratch_ / "err");
    const auto any_checkpoint = [&] {
      const fs::path folder = fs::path(Run(name)) / "checkpoints";
      return fs::exists(folder / "000002") || fs::exists(folder / "000004");
    };
    int status = 0;
    while (!any_checkpoint()) {
      ASSERT_EQ(waitpid(pid, &status, WNOHANG), 0) << ReadFile(scratch_ / "err");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "ended before it could be killed";
  }

  Outcome OutcomeOf(const std::string& name) const {
    const std::string fits = Run(name) + ".npz";
    const ProgramResult exported = Gyre({"fits", "export", Run(name), "--out", fits, "--quiet"});
    EXPECT_EQ(exported.exit_code, 0) << exported.err;
    Outcome outcome{
        ReadFile(fs::path(Run(name)) / "checkpoints/000008/network.pt"), ReadFile(fits), {}};
    std::ifstream file(fs::path(Run(name)) / "metrics.jsonl");
    for (std::string text; std::getline(file, text);) {
      const nlohmann::json all = nlohmann::json::parse(text);
      nlohmann::json line = nlohmann::json::object();
      for (const auto& [key, value] : all.items()) {
        if (!key.starts_with("seconds_")) line[key] = value;
      }
      outcome.metrics.push_back(std::move(line));
    }
    return outcome;
  }

  ScratchFolder scratch_;
};

TEST_F(DeterminismTest, ThreadsAndKillsChangeNothing) {
  Train(TrainArgs("straight", 0, 1));
  const Outcome straight = OutcomeOf("straight");
  ASSERT_EQ(straight.metrics.size(), 9u);
  double updated = 0;
  for (size_t i = 1; i < 9; ++i) updated += straight.metrics[i]["fits_updated"].get<double>();
  EXPECT_GT(updated, 0) << "the loop had nothing to do";

  Train(TrainArgs("threads", 2, 2));
  TrainUntilKilled("killed", 2, 1);
  Train({"train", "--resume", "--run", Run("killed"), "--loader-threads=1", "--fit-threads=2",
         "--quiet"});
  for (const std::string name : {"threads", "killed"}) {
    const Outcome other = OutcomeOf(name);
    EXPECT_TRUE(other.weights == straight.weights) << name;
    EXPECT_TRUE(other.fits == straight.fits) << name;
    EXPECT_EQ(other.metrics, straight.metrics) << name;
  }

  Train(TrainArgs("other_seed", 0, 1, 2));
  const Outcome other_seed = OutcomeOf("other_seed");
  EXPECT_TRUE(other_seed.weights != straight.weights);
  EXPECT_TRUE(other_seed.fits != straight.fits);
}

TEST_F(DeterminismTest, PrecisionIsKeptAndChangesLittle) {
  Train(TrainArgs("float32", 0, 1));
  const auto in_bfloat16 = [&](const std::string& name, const std::string& steps) {
    std::vector<std::string> args = TrainArgs(name, 0, 1);
    args.insert(args.end(), {"--network.precision=bfloat16", "--steps=" + steps});
    Train(args);
  };
  in_bfloat16("straight", "8");
  in_bfloat16("stopped", "5");
  Train({"train", "--resume", "--run", Run("stopped"), "--steps=8", "--quiet"});
  const Outcome exact = OutcomeOf("float32"), straight = OutcomeOf("straight");
  EXPECT_TRUE(OutcomeOf("stopped").weights == straight.weights);
  EXPECT_TRUE(straight.weights != exact.weights);
  const double loss = straight.metrics[1]["loss"], exact_loss = exact.metrics[1]["loss"];
  EXPECT_NEAR(loss, exact_loss, 0.02 * exact_loss);
}

}  // namespace
}  // namespace gyre
