// SPDX-License-Identifier: Apache-2.0
// The training loop. One step:
//   read -> crop -> regress -> fit -> store -> loss -> step
// with the loader's threads ahead of it and a record behind it. Every random draw is a function of
// the seed and the step, so a resumed run goes on as if it had not been stopped.
#pragma once

#include <filesystem>
#include <memory>

#include "loop/train_options.h"

namespace gyre {

class Trainer {
 public:
  // A new run in `run`, or with `resume` the continuation of one: its newest checkpoint that can be
  // read, or its beginning when there is none.
  Trainer(const TrainOptions& options, const std::filesystem::path& run, bool resume);
  ~Trainer();

  // Trains to options.steps and writes summary.json and report.html. SIGINT and SIGTERM end the
  // run after the step under way, with a checkpoint; returns whether it came to its end.
  bool Train();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gyre
