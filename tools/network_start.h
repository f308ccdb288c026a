// SPDX-License-Identifier: Apache-2.0
// Starts for fits from a trained network.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "body/body_model.h"
#include "tools/fit_input.h"

namespace gyre {

class NetworkStart {
 public:
  // `run` is a training run or one of its checkpoints.
  NetworkStart(const std::filesystem::path& run, const BodyModel& body);
  ~NetworkStart();

  // Whether it looks at pictures, not at keypoints.
  bool needs_pictures() const;

  // Gives every person with at least two different keypoints and, where it is needed, a readable
  // picture the network's body as its start; the others keep the start they have. Runs on up to
  // `threads` threads (0: all); nobody's start depends on who else is in `inputs`.
  void SetStarts(int threads, std::vector<FitInput>* inputs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gyre
