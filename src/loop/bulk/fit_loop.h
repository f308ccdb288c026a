// SPDX-License-Identifier: Apache-2.0
// The work of `gyre fit`: persons chunk by chunk through the fitter into the journal.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/progress.h"
#include "core/stop_on_signal.h"
#include "fitting/fitter.h"
#include "io/journal.h"
#include "loop/bulk/network_start.h"
#include "loop/bulk/person_source.h"

namespace gyre {

// Persons [begin, end) of the input.
struct PersonRange {
  int64_t begin, end;
};

// One of `parts` parts, `part` from 1 on: neighbours stay together, and most persons of an image.
struct ShardChoice {
  int64_t part = 1, parts = 1;

  static ShardChoice Parse(const std::string& text);  // "i/n"; UsageError
  PersonRange Of(int64_t persons) const {
    return {persons * (part - 1) / parts, persons * part / parts};
  }
  std::string Text() const { return std::to_string(part) + "/" + std::to_string(parts); }
};

class FitLoop {
 public:
  // `network`: where the starts come from; null: from the input, if from anywhere. `focal_px`: of
  // the images; 0: each person has a camera of its own. `threads` 0: all cores.
  FitLoop(const Fitter& fitter, NetworkStart* network, double focal_px, int threads,
          PersonRange range, Journal* journal);

  // Fits the persons that the journal lacks. False when a signal ended it. UserError when the input
  // is not that of the fingerprint any more.
  bool Run(const PersonSource& source, const std::string& fingerprint);

 private:
  int64_t Waiting() const { return static_cast<int64_t>(chunk_.size()); }

  void FitChunk();

  const Fitter& fitter_;
  NetworkStart* network_;
  double focal_px_;
  int threads_;
  int64_t chunk_size_;  // lost at most when the process is killed
  PersonRange range_;
  Journal* journal_;
  std::vector<FitInput> chunk_;  // the persons after those in the journal
  std::chrono::steady_clock::time_point synced_ = std::chrono::steady_clock::now();
  Progress progress_;
  StopOnSignal stop_;
};

}  // namespace gyre
