// SPDX-License-Identifier: Apache-2.0
// Progress of long work on standard error: a bar with rate and remaining time on a terminal, plain
// lines now and then otherwise, nothing when quiet.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gyre {

// Set once by --quiet.
void SetProgressEnabled(bool enabled);

class Progress {
 public:
  // `done_before`: how many of `total` an earlier run did; they don't count for the rate.
  Progress(std::string label, std::string unit, int64_t total, int64_t done_before = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Advance(int64_t done_more = 1, const std::string& note = "");

 private:
  void Print(bool last);

  std::string label_, unit_, note_;
  int64_t total_, done_before_, done_;
  std::chrono::steady_clock::time_point start_, printed_;
  bool terminal_;
};

}  // namespace gyre
