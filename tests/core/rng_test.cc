// SPDX-License-Identifier: Apache-2.0
#include "core/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <stdexcept>
#include <vector>

namespace gyre {
namespace {

// The known answer of Philox 4x32-10 for key and counter zero (Random123's kat_vectors). The key is
// a mix of seed and stream whose fixed point is zero, so this seed gives the zero key.
TEST(Rng, MatchesPhiloxsKnownAnswer) {
  Rng rng(0 - 0x9E3779B97F4A7C15ull, RngStream::kTest);
  EXPECT_EQ(rng.NextU32(), 0x6627e8d5u);
  EXPECT_EQ(rng.NextU32(), 0xe169c58du);
  EXPECT_EQ(rng.NextU32(), 0xbc57ac4cu);
  EXPECT_EQ(rng.NextU32(), 0x9b00dbd8u);
}

TEST(Rng, IsAFunctionOfItsKey) {
  Rng a(5, RngStream::kNoise, 2, 9), b(5, RngStream::kNoise, 2, 9);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.NextU32(), b.NextU32());
}

// Any part of the key changes every number; equal 32-bit numbers among so many would be chance
// (probability 1e-5).
TEST(Rng, EveryPartOfTheKeyGivesAnotherSequence) {
  std::set<uint32_t> seen;
  size_t drawn = 0;
  const auto draw = [&](Rng rng) {
    for (int i = 0; i < 20; ++i, ++drawn) seen.insert(rng.NextU32());
  };
  draw(Rng(5, RngStream::kNoise, 2, 9));
  draw(Rng(6, RngStream::kNoise, 2, 9));
  draw(Rng(5, RngStream::kScene, 2, 9));
  draw(Rng(5, RngStream::kNoise, 3, 9));
  draw(Rng(5, RngStream::kNoise, 2, 10));
  draw(Rng(5, RngStream::kNoise, 2, 9 + (uint64_t{1} << 32)));
  draw(Rng(5 + (uint64_t{1} << 32), RngStream::kNoise, 2, 9));
  EXPECT_EQ(seen.size(), drawn);
}

TEST(Rng, NeighbouringSamplesAreUncorrelated) {
  constexpr int kCount = 20000;
  double sum = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    Rng a(1, RngStream::kTest, 0, i), b(1, RngStream::kTest, 0, i + 1);
    sum += a.Normal() * b.Normal();
  }
  EXPECT_LT(std::abs(sum / kCount), 4 / std::sqrt(kCount));
}

TEST(Rng, UniformHasItsMoments) {
  constexpr int kCount = 100000;
  Rng rng(2, RngStream::kTest);
  double sum = 0, sum2 = 0, low = 1, high = 0;
  for (int i = 0; i < kCount; ++i) {
    const double u = rng.Uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += u;
    sum2 += u * u;
    low = std::min(low, u);
    high = std::max(high, u);
  }
  EXPECT_NEAR(sum / kCount, 0.5, 4 * std::sqrt(1.0 / 12 / kCount));
  EXPECT_NEAR(sum2 / kCount, 1.0 / 3, 4 * std::sqrt(4.0 / 45 / kCount));
  EXPECT_LT(low, 1e-3);
  EXPECT_GT(high, 1 - 1e-3);
}

TEST(Rng, NormalHasItsMoments) {
  constexpr int kCount = 100000;
  Rng rng(3, RngStream::kTest);
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0, neighbours = 0, last = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = rng.Normal();
    m1 += x;
    m2 += x * x;
    m3 += x * x * x;
    m4 += x * x * x * x;
    neighbours += x * last;
    last = x;
  }
  const double sigma = 4 / std::sqrt(kCount);
  EXPECT_NEAR(m1 / kCount, 0, sigma);
  EXPECT_NEAR(m2 / kCount, 1, sigma * std::sqrt(2.0));
  EXPECT_NEAR(m3 / kCount, 0, sigma * std::sqrt(15.0));
  EXPECT_NEAR(m4 / kCount, 3, sigma * std::sqrt(96.0));
  EXPECT_NEAR(neighbours / kCount, 0, sigma);
}

TEST(Rng, BelowReachesEveryValueEvenly) {
  constexpr int kCount = 70000;
  Rng rng(4, RngStream::kTest);
  std::vector<int> hits(7, 0);
  for (int i = 0; i < kCount; ++i) ++hits.at(rng.Below(7));
  for (const int count : hits) EXPECT_NEAR(count, kCount / 7, 5 * std::sqrt(kCount / 7.0));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rng.Below(1), 0u);
  EXPECT_THROW(rng.Below(0), std::logic_error);
}

TEST(Rng, BernoulliFollowsItsProbability) {
  Rng rng(5, RngStream::kTest);
  int hits = 0;
  for (int i = 0; i < 10000; ++i) hits += rng.Bernoulli(0.2);
  EXPECT_NEAR(hits, 2000, 5 * 40);
  EXPECT_FALSE(rng.Bernoulli(0));
  EXPECT_TRUE(rng.Bernoulli(1));
}

}  // namespace
}  // namespace gyre
