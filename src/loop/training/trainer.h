// SPDX-License-Identifier: Apache-2.0
// The training loop. One step:
//   read -> crop -> regress -> fit -> store -> loss -> step
// with the loader's threads ahead of it and a record behind it. Every random draw is a function of
// the seed and the step, so a resumed run goes on as if it had not been stopped.
//
// Several ranks (ranks.h) make each step together: each reads, fits and stores its own samples, the
// gradients are averaged, and all take the same step. The first keeps the record.
#pragma once

#include <filesystem>
#include <memory>

#include "loop/runs/ranks.h"
#include "loop/training/train_options.h"

namespace gyre {

class Trainer {
 public:
  // A new run in `run`, or with `resume` the continuation of one: its newest checkpoint that can be
  // read, or its beginning when there is none. With several ranks each makes its own, in the same
  // folder. `ranks` must live as long. Of options.data_shards there are as many as ranks if 0.
  Trainer(const TrainOptions& options, const std::filesystem::path& run, bool resume, Ranks* ranks);
  ~Trainer();

  // Trains to options.steps and writes summary.json and report.html. SIGINT and SIGTERM end the
  // run after the step under way, with a checkpoint; returns whether it came to its end.
  bool Train();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gyre
