// SPDX-License-Identifier: Apache-2.0
#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#if !defined(__SANITIZE_THREAD__)
#include <omp.h>
#endif

namespace gyre {

int HardwareThreads() { return std::max(1u, std::thread::hardware_concurrency()); }

void ParallelFor(int64_t count, int threads, const std::function<void(int64_t, int)>& body) {
  if (threads <= 0) threads = HardwareThreads();
  threads = static_cast<int>(std::min<int64_t>(threads, count));
  if (threads <= 1) {
    for (int64_t i = 0; i < count; ++i) body(i, 0);
    return;
  }
  std::atomic<int64_t> next = 0;
  std::exception_ptr error;
  std::mutex error_mutex;
  // Every thread rounds and flushes denormal numbers as the caller does, so that results don't
  // depend on which thread made them.
  std::fenv_t callers_arithmetic;
  std::fegetenv(&callers_arithmetic);
  const auto work = [&](int worker) {
    std::fenv_t own_arithmetic;
    std::fegetenv(&own_arithmetic);
    std::fesetenv(&callers_arithmetic);
    for (int64_t i = next++; i < count; i = next++) {
      try {
        body(i, worker);
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
        next = count;
      }
    }
    std::fesetenv(&own_arithmetic);
  };
#if defined(__SANITIZE_THREAD__)
  // ThreadSanitizer does not see libgomp's synchronisation.
  std::vector<std::thread> pool;
  for (int t = 1; t < threads; ++t) pool.emplace_back(work, t);
  work(0);
  for (std::thread& thread : pool) thread.join();
#else
#pragma omp parallel num_threads(threads)
  work(omp_get_thread_num());
#endif
  if (error) std::rethrow_exception(error);
}

}  // namespace gyre
