// SPDX-License-Identifier: Apache-2.0
// The folder of one training run:
//   options.json            the effective options
//   metrics.jsonl           one JSON object per logging step
//   checkpoints/000500/     weights and optimiser: see checkpoint.h
//   fits.store              the training set's fits, and val_fits.store the validation set's: see
//                           fitting/store/fit_file.h; of several shards fits-00000-of-00002.store,
//                           ...
//   pictures/               overlays made while training
//   trace.json              the timeline of the first steps, when asked for: see core/trace.h
//   unlikely_fits.jsonl     the stored fits that are least likely right: see
//                           loop/report/unlikely_fits.h
//   summary.json, report.html
//
// A checkpoint is a folder that is written under another name, flushed and renamed: it exists whole
// or not at all. One process at a time holds the run (a lock that dies with the process).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/descriptor.h"

namespace gyre {

class RunDirectory {
 public:
  // Creates the folder, or with `resume` opens one that exists, and locks it. UserError when it
  // already holds a checkpoint (and resume was not asked for), holds none (and resume was), or
  // belongs to another process.
  RunDirectory(const std::filesystem::path& root, bool resume);
  // The folder of a run that the first of several ranks has opened: not locked, not changed.
  static RunDirectory OfFirstRank(const std::filesystem::path& root);

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path options_file() const { return root_ / "options.json"; }
  std::filesystem::path metrics_file() const { return root_ / "metrics.jsonl"; }
  std::filesystem::path summary_file() const { return root_ / "summary.json"; }
  std::filesystem::path trace_file() const { return root_ / "trace.json"; }
  std::filesystem::path report_file() const { return root_ / "report.html"; }
  std::filesystem::path pictures() const { return root_ / "pictures"; }

  // Appends one line. Non-finite numbers become null.
  void LogMetrics(const nlohmann::json& line);
  // Drops every line of a step above `step`, and a torn last line: what a resumed run repeats.
  void TruncateMetrics(int64_t step);

  // `write` fills the folder it is given. Older checkpoints than the last `keep` are removed.
  void WriteCheckpoint(int64_t step, int keep,
                       const std::function<void(const std::filesystem::path&)>& write);

 private:
  explicit RunDirectory(const std::filesystem::path& root) : root_(root) {}
  void SyncMetrics();

  std::filesystem::path root_;
  Descriptor lock_;
};

// The checkpoints of a run, newest first; and the step that one is of.
std::vector<std::filesystem::path> ListCheckpoints(const std::filesystem::path& run);
int64_t CheckpointStep(const std::filesystem::path& checkpoint);

// The checkpoint that a path names: a checkpoint's folder, or a run (its newest). UserError when
// there is none.
std::filesystem::path FindCheckpoint(const std::filesystem::path& path);

}  // namespace gyre
