// SPDX-License-Identifier: Apache-2.0
// Training on several ranks as a user starts it, all of them on this host.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/descriptor.h"
#include "io/pickle.h"
#include "io/zip.h"
#include "loop/free_port.h"
#include "tools/run_gyre.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Args = std::vector<std::string>;

class RanksTest : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult made =
        Gyre({"data", "synth", "--count", "24", "--frame", "96", "--noise", "4", "--missing", "0.3",
              "--name", "people", "--out", scratch_ / "data", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }

  std::string Run(const std::string& name) const { return scratch_ / name; }

  Args TrainArgs(const std::string& name, const Args& more) const {
    const std::string spec = "spin:" + (scratch_ / "data/people.npz").string();
    Args args = {"train",
                 "--preset=demo",
                 "--run=" + Run(name),
                 "--data=" + spec,
                 "--val=" + spec + "?name=val",
                 "--steps=20",
                 "--batch-size=8",
                 "--network.image-px=32",
                 "--network.width=8",
                 "--data-shards=2",
                 "--log-every=1",
                 "--val-every=10",
                 "--checkpoint-every=5",
                 "--pictures=1",
                 "--threads=1",
                 "--fit-threads=1",
                 "--loader-threads=1",
                 "--quiet"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }

  // On this host; or in the network namespace that tools/test_hosts has made for it, where the
  // interface has the same name.
  pid_t StartRank(int rank, const std::string& port, const Args& args) const {
    std::istringstream hosts(std::getenv("GYRE_TEST_HOSTS") ? std::getenv("GYRE_TEST_HOSTS") : "");
    const char* const master = std::getenv("GYRE_TEST_MASTER");
    const Descriptor here(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    const std::string name = std::to_string(rank);
    setenv("RANK", name.c_str(), 1);
    setenv("WORLD_SIZE", "2", 1);
    setenv("MASTER_ADDR", master ? master : "127.0.0.1", 1);
    setenv("MASTER_PORT", port.c_str(), 1);
    std::string host;
    for (int r = 0; r <= rank; ++r) hosts >> host;
    if (!host.empty()) {
      const Descriptor there(open(("/run/netns/" + host).c_str(), O_RDONLY | O_CLOEXEC));
      EXPECT_EQ(setns(there.get(), CLONE_NEWNET), 0) << host;
    }
    setenv("GLOO_SOCKET_IFNAME", host.empty() ? "lo" : host.c_str(), 1);
    const pid_t pid = StartGyre(args, scratch_ / ("out" + name), scratch_ / ("err" + name));
    if (!host.empty()) {
      EXPECT_EQ(setns(here.get(), CLONE_NEWNET), 0);
    }
    for (const char* set : {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}) unsetenv(set);
    return pid;
  }

  std::vector<pid_t> StartTwo(const Args& args) const {
    const std::string port = std::to_string(FreePort());
    return {StartRank(0, port, args), StartRank(1, port, args)};
  }

  std::string Err(int rank) const { return ReadFile(scratch_ / ("err" + std::to_string(rank))); }

  // Exit codes; 128 + signal.
  static std::vector<int> Wait(const std::vector<pid_t>& pids) {
    std::vector<int> codes;
    for (const pid_t pid : pids) {
      int status = 0;
      EXPECT_EQ(waitpid(pid, &status, 0), pid);
      codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    return codes;
  }

  void WaitForCheckpoint(const std::string& name, const std::vector<pid_t>& pids) const {
    const fs::path checkpoint = fs::path(Run(name)) / "checkpoints/000005";
    while (!fs::exists(checkpoint)) {
      for (size_t i = 0; i < pids.size(); ++i) {
        ASSERT_EQ(kill(pids[i], 0), 0);
        int status = 0;
        ASSERT_EQ(waitpid(pids[i], &status, WNOHANG), 0) << Err(static_cast<int>(i));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  nlohmann::json LastLine(const std::string& name) const {
    std::ifstream file(fs::path(Run(name)) / "metrics.jsonl");
    nlohmann::json last;
    for (std::string text; std::getline(file, text);) last = nlohmann::json::parse(text);
    return last;
  }

  // The numbers of a checkpoint's tensors, by their names: "model.fc1.weight".
  std::map<std::string, std::vector<float>> Tensors(const std::string& name) const {
    const ZipReader zip(fs::path(Run(name)) / "checkpoints/000020/network.pt");
    const Pickle pickle = ParsePickle(zip.Read("archive/data.pkl"), name,
                                      {.more_globals = {"torch.*"}, .persistent_ids = true});
    std::map<std::string, std::vector<float>> tensors;
    const std::function<void(const PickleValue&, const std::string&)> walk =
        [&](const PickleValue& value, const std::string& path) {
          for (const std::string& key : value.Keys()) walk(value.At(key, path), path + "." + key);
          if (!value.IsObject("torch._utils._rebuild_tensor_v2")) return;
          const PickleValue& storage = *value.args->items[0]->args;
          if (storage.items[1]->text != "torch.FloatStorage") return;
          const std::string bytes = zip.Read("archive/data/" + storage.items[2]->text);
          std::vector<float>& numbers = tensors[path];
          numbers.resize(bytes.size() / sizeof(float));
          std::memcpy(numbers.data(), bytes.data(), bytes.size());
        };
    for (const char* part : {"model", "adam"}) walk(pickle.root().At(part, name), part);
    return tensors;
  }

  // How far two checkpoints are apart.
  struct Distance {
    double weights = 0;    // the largest difference, in each tensor relative to its largest or 1
    double gradients = 0;  // of Adam's means of all gradients, as a vector, relative to its length
  };
  Distance DistanceOf(const std::string& a, const std::string& b) const {
    const auto first = Tensors(a), second = Tensors(b);
    EXPECT_GT(first.size(), 20u);
    EXPECT_EQ(first.size(), second.size());
    Distance distance;
    double length2 = 0, difference2 = 0;
    for (const auto& [name, x] : first) {
      // What batch norm takes back again has gradients that are 0 but for rounding, of which Adam
      // makes full steps.
      if (name.ends_with(".linear.bias") || name.ends_with(".norm.running_mean")) continue;
      const std::vector<float>& y = second.at(name);
      EXPECT_EQ(x.size(), y.size()) << name;
      double difference = 0, largest = 1;
      for (size_t i = 0; i < x.size(); ++i) {
        const double u = x[i], v = y[i];
        difference = std::max(difference, std::abs(u - v));
        largest = std::max(largest, std::abs(u));
        if (!name.ends_with(".exp_avg")) continue;
        length2 += u * u;
        difference2 += (u - v) * (u - v);
      }
      if (name.starts_with("model.")) {
        distance.weights = std::max(distance.weights, difference / largest);
      }
    }
    distance.gradients = std::sqrt(difference2 / length2);
    return distance;
  }

  ScratchFolder scratch_;
};

TEST_F(RanksTest, TwoComeToTheWeightsOfOne) {
  for (const std::string input : {"image", "keypoints"}) {
    // A small rate: a number whose gradient is nearly 0 moves as far as others, and rounding tells
    // it where to.
    Args args = {"--network.input=" + input, "--network.dropout=0", "--learning-rate=1e-6",
                 "--supervision=static", "--network.batch-norm=synced"};
    const std::string one = input + "1", two = input + "2", local = input + "_local";
    const ProgramResult trained = Gyre(TrainArgs(one, args));
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    ASSERT_EQ(Wait(StartTwo(TrainArgs(two, args))), (std::vector<int>{0, 0})) << Err(0) << Err(1);
    EXPECT_EQ(Err(0) + Err(1), "");
    const Distance distance = DistanceOf(one, two);
    EXPECT_LT(distance.weights, 1e-5) << input;
    EXPECT_LT(distance.gradients, 1e-3) << input;  // rounding: 3e-4 is seen
    RecordProperty(input, fmt::format("{} {}", distance.weights, distance.gradients));
    const ProgramResult diff = Gyre({"fits", "diff", Run(one), Run(two)});
    EXPECT_EQ(diff.exit_code, 0) << diff.out;
    const nlohmann::json a = LastLine(one), b = LastLine(two);
    for (const auto& [key, value] : a.items()) {
      if (key.starts_with("seconds_") || !value.is_number()) continue;
      const double expected = value;
      ASSERT_TRUE(b.contains(key)) << key;
      EXPECT_NEAR(b[key].get<double>(), expected, 1e-3 * std::max(1.0, std::abs(expected))) << key;
    }
    // Batch norm over half the batch is something else.
    args.back() = "--network.batch-norm=local";
    ASSERT_EQ(Wait(StartTwo(TrainArgs(local, args))), (std::vector<int>{0, 0})) << Err(0) << Err(1);
    EXPECT_GT(DistanceOf(one, local).gradients, 1e-2) << input;
  }
}

TEST_F(RanksTest, AfterAKillTheOtherEndsAndOneGoesOn) {
  const std::vector<pid_t> pids = StartTwo(TrainArgs("run", {"--steps=100000"}));
  WaitForCheckpoint("run", pids);
  kill(pids[1], SIGKILL);
  EXPECT_EQ(Wait(pids), (std::vector<int>{1, 128 + SIGKILL}));
  EXPECT_THAT(Err(0), HasSubstr("another rank ended"));
  EXPECT_THAT(Err(0), HasSubstr("gyre train --resume --run " + Run("run")));
  const ProgramResult verified = Gyre({"fits", "verify", Run("run")});
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
  const int64_t step = LastLine("run")["step"];
  const ProgramResult resumed = Gyre(
      {"train", "--resume", "--run", Run("run"), "--steps", std::to_string(step + 5), "--quiet"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(LastLine("run")["step"].get<int64_t>(), step + 5);
  EXPECT_EQ(Gyre({"fits", "verify", Run("run")}).exit_code, 0);
}

TEST_F(RanksTest, ASignalToOneStopsAllWithACheckpoint) {
  const std::vector<pid_t> pids = StartTwo(TrainArgs("run", {"--steps=100000"}));
  WaitForCheckpoint("run", pids);
  kill(pids[1], SIGTERM);
  EXPECT_EQ(Wait(pids), (std::vector<int>{130, 130})) << Err(0) << Err(1);
  const int64_t step = LastLine("run")["step"];
  EXPECT_TRUE(fs::exists(fs::path(Run("run")) / "checkpoints" / fmt::format("{:06}", step)));
}

TEST_F(RanksTest, BenchTimesWhatPassesBetween) {
  EXPECT_EQ(Wait(StartTwo({"bench", "ranks", "--mb=1,2", "--runs=2", "--json"})),
            (std::vector<int>{0, 0}))
      << Err(0) << Err(1);
  const auto json = nlohmann::json::parse(ReadFile(scratch_ / "out0"));
  EXPECT_EQ(json["ranks"], 2);
  ASSERT_EQ(json["rows"].size(), 2);
  EXPECT_GT(json["rows"][1]["mb_per_s"], 0);
  EXPECT_EQ(ReadFile(scratch_ / "out1"), "");
  ExpectOneSentence(Gyre({"bench", "ranks"}), 1);
}

TEST_F(RanksTest, ARunKeepsItsShards) {
  ASSERT_EQ(Gyre(TrainArgs("run", {"--steps=1", "--data-shards=1"})).exit_code, 0);
  const Args resume = {"train", "--resume", "--run", Run("run"), "--steps=2"};
  EXPECT_EQ(Wait(StartTwo(resume)), (std::vector<int>{1, 1}));
  EXPECT_THAT(Err(0), HasSubstr("data_shards = 1 cannot be shared by 2 ranks; start 1 of them"));
}

TEST_F(RanksTest, RanksThatDifferEndBeforeTheyTrain) {
  const std::string port = std::to_string(FreePort());
  EXPECT_EQ(Wait({StartRank(0, port, TrainArgs("run", {})),
                  StartRank(1, port, TrainArgs("run", {"--learning-rate=1", "--threads=2"}))}),
            (std::vector<int>{1, 1}));
  EXPECT_THAT(Err(0), HasSubstr("rank 1 has learning_rate = 1.0, rank 0 has 0.0003; start all"));
  EXPECT_THAT(Err(1), HasSubstr("another rank failed and said why"));
  EXPECT_THAT(Err(1), testing::Not(HasSubstr("--resume"))) << "there is nothing to resume";
  EXPECT_FALSE(fs::exists(Run("run")));
}

TEST_F(RanksTest, OtherDataByTheSameNameIsTold) {
  const ProgramResult made = Gyre({"data", "synth", "--count", "25", "--frame", "96", "--name",
                                   "people", "--out", scratch_ / "other", "--quiet"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Args args = TrainArgs("run", {"--data=spin:/proc/self/cwd/people.npz", "--val="});
  const std::string port = std::to_string(FreePort());
  const fs::path here = fs::current_path();
  std::vector<pid_t> pids;
  for (const std::string folder : {"data", "other"}) {
    fs::current_path(scratch_ / folder);
    pids.push_back(StartRank(static_cast<int>(pids.size()), port, args));
  }
  fs::current_path(here);
  EXPECT_EQ(Wait(pids), (std::vector<int>{1, 1})) << Err(1);
  EXPECT_THAT(Err(0), HasSubstr("rank 1 has data/spin = \"25 rows"));
}

}  // namespace
}  // namespace gyre
