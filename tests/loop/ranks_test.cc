// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/ranks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <thread>

#include "loop/free_port.h"
#include "loop/training/train_options.h"

namespace gyre {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

RankEnvironment Read(const Variables& variables) {
  return ReadRankEnvironment([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

// What the error says; empty without one.
template <typename Work>
std::string ErrorOf(const Work& work) {
  try {
    work();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(RankEnvironment, OneRankWhereNothingSaysOtherwise) {
  for (const Variables& variables : std::vector<Variables>{
           {},
           {{"RANK", "0"}, {"WORLD_SIZE", "1"}},
           {{"SLURM_NTASKS", "1"}, {"SLURM_PROCID", "0"}, {"SLURM_JOB_NODELIST", "n[1-4]"}},
           // The shell of an allocation: nothing was started by srun.
           {{"SLURM_NTASKS", "8"}, {"SLURM_JOB_NODELIST", "n[1-4]"}},
           // A step of one task in a larger job.
           {{"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}},
           {{"MASTER_ADDR", "a"}, {"MASTER_PORT", "1"}}}) {
    const RankEnvironment one = Read(variables);
    EXPECT_EQ(one.rank, 0);
    EXPECT_EQ(one.count, 1);
    EXPECT_EQ(one.master_host, "");
  }
}

TEST(RankEnvironment, EveryLauncherIsUnderstood) {
  const auto expect = [](const Variables& variables, const std::string& host, int port) {
    const RankEnvironment found = Read(variables);
    EXPECT_EQ(found.rank, 3);
    EXPECT_EQ(found.count, 4);
    EXPECT_EQ(found.master_host, host);
    EXPECT_EQ(found.master_port, port);
    EXPECT_FALSE(found.launcher_waits);
  };
  expect({{"RANK", "3"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "77"}}, "a",
         77);
  expect({{"OMPI_COMM_WORLD_RANK", "3"}, {"OMPI_COMM_WORLD_SIZE", "4"}, {"MASTER_ADDR", "a"}}, "a",
         29500);
  expect({{"OMPI_COMM_WORLD_RANK", "3"},
          {"OMPI_COMM_WORLD_SIZE", "4"},
          {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}},
         "127.0.0.1", 29500);
  expect({{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}, {"MASTER_ADDR", "a"}}, "a", 29500);
  Variables slurm = {{"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "4"}, {"MASTER_ADDR", "a"}};
  expect(slurm, "a", 29500);
  slurm.erase("MASTER_ADDR");
  for (const auto& [list, first] : Variables{{"n1", "n1"},
                                             {"n1,n2", "n1"},
                                             {"gpu[07-12,20],n1", "gpu07"},
                                             {"gpu[7,9]", "gpu7"},
                                             {"gpu[7]", "gpu7"}}) {
    slurm["SLURM_JOB_NODELIST"] = list;
    expect(slurm, first, 29500);
  }
  // torchrun within Slurm, one task for each of two hosts.
  expect({{"RANK", "3"},
          {"WORLD_SIZE", "4"},
          {"MASTER_ADDR", "a"},
          {"SLURM_PROCID", "1"},
          {"SLURM_NTASKS", "2"}},
         "a", 29500);
  EXPECT_TRUE(Read({{"RANK", "0"},
                    {"WORLD_SIZE", "2"},
                    {"MASTER_ADDR", "a"},
                    {"TORCHELASTIC_USE_AGENT_STORE", "True"}})
                  .launcher_waits);
}

TEST(RankEnvironment, WhatIsMissingOrContradictoryIsNamed) {
  const auto error = [](const Variables& variables) { return ErrorOf([&] { Read(variables); }); };
  EXPECT_THAT(error({{"RANK", "0"}}), HasSubstr("WORLD_SIZE"));
  EXPECT_THAT(error({{"WORLD_SIZE", "2"}}), HasSubstr("without RANK"));
  EXPECT_THAT(error({{"PMI_SIZE", "2"}}), HasSubstr("PMI_RANK"));
  EXPECT_THAT(error({{"RANK", "2"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}}),
              HasSubstr("RANK = 2"));
  EXPECT_THAT(error({{"RANK", "0"}, {"WORLD_SIZE", "2"}}), HasSubstr("MASTER_ADDR"));
  EXPECT_THAT(error({{"RANK", "x"}, {"WORLD_SIZE", "2"}}), HasSubstr("RANK = 'x'"));
  EXPECT_THAT(
      error({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "70000"}}),
      HasSubstr("MASTER_PORT"));
}

TEST(TrainOptionsTest, SharesThatDoNotComeOutEvenAreRefused) {
  TrainOptions options;
  options.data_shards = 12;
  options.batch_size = 24;
  const DataShards share = options.ShareOut(4, 3);
  EXPECT_EQ(share.shards, 12);
  EXPECT_EQ(share.ranks, 4);
  EXPECT_EQ(share.rank, 3);
  const auto error = [&](int ranks) { return ErrorOf([&] { options.ShareOut(ranks, 0); }); };
  EXPECT_THAT(error(5), HasSubstr("1, 2, 3, 4, 6, 12"));
  options.batch_size = 10;
  EXPECT_THAT(error(4), HasSubstr("use 12"));
  options.batch_size = 12;
  EXPECT_THAT(error(12), HasSubstr("synced"));
  options.network.batch_norm = BatchNormOf::kSynced;
  EXPECT_EQ(error(12), "");
}

// Ranks as threads of this process, over real sockets.
class RanksTest : public testing::Test {
 protected:
  template <typename Work>
  static void Run(int count, const Work& work) {
    setenv("GLOO_SOCKET_IFNAME", "lo", 1);
    const uint16_t port = FreePort();
    std::vector<std::thread> threads;
    for (int rank = 0; rank < count; ++rank) {
      threads.emplace_back([&, rank] {
        RankEnvironment environment;
        environment.rank = rank;
        environment.count = count;
        environment.master_host = "127.0.0.1";
        environment.master_port = port;
        Ranks ranks(environment, std::chrono::minutes(5), std::chrono::minutes(1));
        work(ranks);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_F(RanksTest, OneAloneNeedsNobody) {
  Ranks alone;
  EXPECT_EQ(alone.Sum({1, 2}), (std::vector<double>{1, 2}));
  EXPECT_EQ(alone.Gather("me"), std::vector<std::string>{"me"});
  bool done = false, wish = false;
  EXPECT_TRUE(alone.Together([&] { done = true; }));
  EXPECT_TRUE(done);
  EXPECT_FALSE(alone.Together(
      [&] {
        EXPECT_FALSE(alone.Interrupted());
        wish = true;
        EXPECT_TRUE(alone.Interrupted());
      },
      [&] { return wish; }));
}

TEST_F(RanksTest, ThreePassWhatTheyKnow) {
  Run(3, [](Ranks& ranks) {
    const int rank = ranks.rank();
    EXPECT_EQ(ranks.local_rank(), rank);
    EXPECT_EQ(ranks.local_count(), 3);
    EXPECT_EQ(ranks.Sum({1, static_cast<double>(rank)}), (std::vector<double>{3, 3}));
    EXPECT_TRUE(ranks.Any(rank == 2));
    EXPECT_FALSE(ranks.Any(false));
    const std::vector<std::string> expected = {"", "1", "22"};
    EXPECT_EQ(ranks.Gather(std::string(rank, static_cast<char>('0' + rank))),
              rank == 0 ? expected : std::vector<std::string>());
    // Laid out in another order than Gloo's.
    const at::Tensor tensor =
        at::full({2, 3, 4, 5}, rank + 7.0).contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_EQ(ranks.Mean().Of(tensor)[1][2][3][4].item<float>(), 8);
    ranks.Broadcast({tensor});
    EXPECT_EQ(tensor[1][2][3][4].item<float>(), 7);
  });
}

TEST_F(RanksTest, GradientsAreAveraged) {
  Run(2, [](Ranks& ranks) {
    const at::Tensor a = at::ones({3}).requires_grad_(), b = at::ones({2, 2}).requires_grad_();
    ranks.AverageGradients({a, b});
    for (int step = 0; step < 3; ++step) {
      ranks.Backward((a.sum() + b.sum() * step) * (ranks.rank() + 1));
      EXPECT_FLOAT_EQ(a.grad()[0].item<float>(), 1.5);
      EXPECT_FLOAT_EQ(b.grad()[1][1].item<float>(), 1.5F * static_cast<float>(step));
      a.mutable_grad().zero_();
      b.mutable_grad().zero_();
    }
  });
}

TEST_F(RanksTest, WorkTogetherEndsTogether) {
  Run(2, [](Ranks& ranks) {
    EXPECT_TRUE(ranks.Together([&] {
      if (ranks.first()) std::this_thread::sleep_for(milliseconds(300));
    }));
    // One wishes to stop: the other hears of it at work.
    EXPECT_FALSE(ranks.Together(
        [&] {
          while (!ranks.Interrupted()) std::this_thread::sleep_for(milliseconds(1));
        },
        [&] { return ranks.first(); }));
  });
}

TEST_F(RanksTest, WhoFailsEndsTheOthersWork) {
  Run(2, [](Ranks& ranks) {
    const std::string error = ErrorOf([&] {
      ranks.Together([&] {
        if (ranks.first()) ThrowUserError("the disk is full");
        while (!ranks.Interrupted()) std::this_thread::sleep_for(milliseconds(1));
      });
    });
    EXPECT_THAT(error, HasSubstr(ranks.first() ? "the disk is full" : "another rank failed"));
  });
}

TEST_F(RanksTest, WritingToWhoEndedIsNoSignalsMatter) {
  Run(2, [](Ranks&) { raise(SIGPIPE); });
}

TEST_F(RanksTest, WhoEndsIsMissedAtOnce) {
  std::string error;
  Run(2, [&](Ranks& ranks) {
    if (ranks.first()) error = ErrorOf([&] { ranks.Sum({1}); });
  });
  EXPECT_THAT(error, HasSubstr("rank 0 of 2: another rank ended"));
}

}  // namespace
}  // namespace gyre
