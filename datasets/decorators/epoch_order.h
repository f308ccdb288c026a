// SPDX-License-Identifier: Apache-2.0
// Which sample of a mixture stands where in an epoch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/decorators/mixture.h"

namespace gyre {

struct SampleRef {
  int set_idx = 0;    // in Mixture::sets
  int64_t index = 0;  // position in the set
};

// Drawn with the mixture's weights, a function of (seed, epoch, position). Position p takes from
// shard p mod `shards` of its set; each shard of each set is walked through in a shuffle of its
// own, and a fresh one when it has been used up.
std::vector<SampleRef> EpochOrder(const Mixture& mixture, uint64_t seed, int64_t epoch,
                                  int64_t positions, int shards = 1);
// The same of things of which each set has so many: its samples, or runs of them.
std::vector<SampleRef> EpochOrder(const Mixture& mixture, std::span<const int64_t> sizes,
                                  uint64_t seed, int64_t epoch, int64_t positions, int shards);

// All samples of all sets once, in order.
std::vector<SampleRef> FileOrder(const Mixture& mixture);
std::vector<SampleRef> FileOrder(std::span<const int64_t> sizes);

// How many of `size` positions are in a shard.
int64_t ShardSize(int64_t size, int64_t shard, int shards);

}  // namespace gyre
