// SPDX-License-Identifier: Apache-2.0
// How data is shared out among the processes ("ranks") that train one network together.
//
// Every data set is cut into `shards`: a sample's is its position there modulo their number. Shard
// s belongs to rank s mod `ranks`. The number of shards decides which samples a step sees, and
// stays with a run; the number of ranks, any divisor of it, only who works on them.
#pragma once

#include <cstdint>

namespace gyre {

struct DataShards {
  int shards = 1;
  int ranks = 1;  // divides `shards`
  int rank = 0;

  // Whether a sample at this position of its data set is this rank's.
  bool Mine(int64_t position) const { return position % ranks == rank; }
  // Which of this rank's shards it belongs to: 0, ..., shards / ranks - 1.
  int64_t OwnShard(int64_t position) const { return position % shards / ranks; }
};

}  // namespace gyre
