// SPDX-License-Identifier: Apache-2.0
// Time and memory of this process, for gyre bench.
#pragma once

#include <functional>
#include <string>

namespace gyre {

double SecondsOf(const std::function<void()>& work);

// Medians of `runs` runs after one that does not count. The processor time is that of all threads:
// with one thread it tells what the wall clock would on a machine with nothing else to do.
struct Duration {
  double ms = 0;
  double cpu_ms = 0;
};
Duration MedianDuration(int runs, const std::function<void()>& work);

// A line of /proc/self/status in MB: "VmRSS" all memory that is mapped and present, "RssAnon" what
// of it is not shared with the page cache, "VmHWM" the most that VmRSS has been.
double MemoryMb(const std::string& key);
// From now on VmHWM is of what follows. Where the system refuses, it goes on as it was.
void ForgetPeakMemory();

}  // namespace gyre
