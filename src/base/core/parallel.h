// SPDX-License-Identifier: Apache-2.0
// Threads over samples.
#pragma once

#include <cstdint>
#include <functional>

namespace gyre {

// Calls body(index, worker) for index in [0, count) on up to `threads` threads (0: all cores),
// handing out indices one by one. `worker` in [0, threads) names the thread, for scratch space.
// The first exception that `body` throws ends the loop early and is thrown to the caller.
// Runs on OpenMP's threads, which LibTorch uses too, so that the two never compete.
void ParallelFor(int64_t count, int threads, const std::function<void(int64_t, int)>& body);

int HardwareThreads();

}  // namespace gyre
