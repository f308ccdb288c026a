// SPDX-License-Identifier: Apache-2.0
#include "core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cfenv>
#include <stdexcept>
#include <vector>

namespace gyre {
namespace {

TEST(ParallelFor, VisitsEveryIndexOnce) {
  for (const int threads : {0, 1, 2, 7}) {
    for (const int64_t count : {0, 1, 3, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
      std::atomic<bool> worker_in_range = true;
      const int workers = threads > 0 ? threads : HardwareThreads();
      ParallelFor(count, threads, [&](int64_t i, int worker) {
        ++visits[static_cast<size_t>(i)];
        if (worker < 0 || worker >= workers) worker_in_range = false;
      });
      for (const auto& visit : visits) EXPECT_EQ(visit, 1) << threads << " " << count;
      EXPECT_TRUE(worker_in_range);
    }
  }
}

// `worker` serves to pick scratch space: no two calls with the same one may overlap.
TEST(ParallelFor, WorkersDoNotOverlap) {
  std::vector<std::atomic<int>> busy(4);
  std::atomic<bool> overlapped = false;
  ParallelFor(2000, 4, [&](int64_t, int worker) {
    if (busy[static_cast<size_t>(worker)]++ != 0) overlapped = true;
    --busy[static_cast<size_t>(worker)];
  });
  EXPECT_FALSE(overlapped);
}

TEST(ParallelFor, PassesExceptionsOnAndStops) {
  for (const int threads : {1, 4}) {
    std::atomic<int> calls = 0;
    try {
      ParallelFor(1000000, threads, [&](int64_t i, int) {
        ++calls;
        if (i == 10) throw std::runtime_error("index 10");
      });
      ADD_FAILURE() << "nothing thrown with " << threads << " threads";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "index 10");
    }
    EXPECT_GE(calls, 11);
    EXPECT_LT(calls, 1000000);
  }
}

TEST(ParallelFor, EveryThreadRoundsAsTheCallerDoes) {
  const int before = std::fegetround();
  std::fesetround(FE_UPWARD);
  std::vector<int> rounding(64);
  ParallelFor(64, 4, [&](int64_t i, int) { rounding[i] = std::fegetround(); });
  std::fesetround(before);
  EXPECT_EQ(rounding, std::vector<int>(64, FE_UPWARD));
  ParallelFor(64, 4, [&](int64_t i, int) { rounding[i] = std::fegetround(); });
  EXPECT_EQ(rounding, std::vector<int>(64, before));
}

}  // namespace
}  // namespace gyre
