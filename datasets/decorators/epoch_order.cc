// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/epoch_order.h"

#include <numeric>
#include <utility>

#include "core/rng.h"

namespace gyre {

namespace {

// Fisher and Yates, keyed by (seed, epoch, shard, set, pass).
std::vector<int64_t> Shuffled(int64_t count, uint64_t seed, int64_t epoch, int64_t shard,
                              int set_idx, int64_t pass) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  const uint64_t key = (static_cast<uint64_t>(shard) << 52) |
                       (static_cast<uint64_t>(set_idx) << 40) | static_cast<uint64_t>(pass);
  Rng rng(seed, RngStream::kShuffle, static_cast<uint32_t>(epoch), key);
  for (int64_t i = count - 1; i > 0; --i) {
    std::swap(order[i], order[rng.Below(static_cast<uint64_t>(i) + 1)]);
  }
  return order;
}

std::vector<int64_t> SizesOf(const Mixture& mixture) {
  std::vector<int64_t> sizes;
  for (const auto& set : mixture.sets) sizes.push_back(set->size());
  return sizes;
}

}  // namespace

int64_t ShardSize(int64_t size, int64_t shard, int shards) {
  return (size - shard + shards - 1) / shards;
}

std::vector<SampleRef> EpochOrder(const Mixture& mixture, uint64_t seed, int64_t epoch,
                                  int64_t positions, int shards) {
  return EpochOrder(mixture, SizesOf(mixture), seed, epoch, positions, shards);
}

std::vector<SampleRef> EpochOrder(const Mixture& mixture, std::span<const int64_t> sizes,
                                  uint64_t seed, int64_t epoch, int64_t positions, int shards) {
  const size_t parts = mixture.sets.size() * shards;
  std::vector<std::vector<int64_t>> shuffles(parts);
  std::vector<int64_t> drawn(parts, 0);
  std::vector<SampleRef> order(positions);
  for (int64_t position = 0; position < positions; ++position) {
    Rng rng(seed, RngStream::kMix, static_cast<uint32_t>(epoch), position);
    const int s = mixture.SetOf(rng.Uniform());
    const int64_t shard = position % shards;
    const int64_t part = int64_t{s} * shards + shard;
    const int64_t size = ShardSize(sizes[s], shard, shards);
    const int64_t within = drawn[part] % size;
    if (within == 0) {
      shuffles[part] = Shuffled(size, seed, epoch, shard, s, drawn[part] / size);
    }
    order[position] = {s, shard + shards * shuffles[part][within]};
    ++drawn[part];
  }
  return order;
}

std::vector<SampleRef> FileOrder(const Mixture& mixture) { return FileOrder(SizesOf(mixture)); }

std::vector<SampleRef> FileOrder(std::span<const int64_t> sizes) {
  std::vector<SampleRef> order;
  for (int s = 0; s < std::ssize(sizes); ++s) {
    for (int64_t i = 0; i < sizes[s]; ++i) order.push_back({s, i});
  }
  return order;
}

}  // namespace gyre
