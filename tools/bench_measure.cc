// SPDX-License-Identifier: Apache-2.0
#include "tools/bench_measure.h"

#include <chrono>
#include <ctime>
#include <fstream>

#include "metrics/meter.h"

namespace gyre {

double SecondsOf(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

Duration MedianDuration(int runs, const std::function<void()>& work) {
  work();
  Meter ms, cpu_ms;
  for (int run = 0; run < runs; ++run) {
    const std::clock_t cpu_began = std::clock();
    ms.Add(1e3 * SecondsOf(work));
    cpu_ms.Add(1e3 * static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC);
  }
  return {ms.Median(), cpu_ms.Median()};
}

double MemoryMb(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

void ForgetPeakMemory() { std::ofstream("/proc/self/clear_refs") << '5'; }

}  // namespace gyre
