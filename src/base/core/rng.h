// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers (Philox 4x32-10; Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011). A generator is a pure function of its key (seed, stream, epoch, sample), so
// the same sample draws the same numbers on any thread, in any order, at any number of threads.
#pragma once

#include <array>
#include <cstdint>

namespace gyre {

// Who draws. Two users of the same seed never share a stream.
enum class RngStream : uint32_t {
  kTest = 0,
  kShuffle,
  kMix,
  kAugment,
  kScene,
  kNoise,
  kNetwork,
  kPriorTraining,
  kShape,
  kBody,
  kRefresh,
};

class Rng {
 public:
  Rng(uint64_t seed, RngStream stream, uint32_t epoch = 0, uint64_t sample = 0);

  uint32_t NextU32();
  // Uniform in [0, 1).
  double Uniform();
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // Uniform in {0, ..., n - 1}; n > 0.
  uint64_t Below(uint64_t n);
  bool Bernoulli(double probability) { return Uniform() < probability; }
  // Standard normal (Box-Muller).
  double Normal();
  double Normal(double mean, double sigma) { return mean + sigma * Normal(); }

 private:
  void Refill();

  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0;
};

}  // namespace gyre
