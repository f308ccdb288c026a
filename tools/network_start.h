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

  // Gives every person with a readable picture and at least two different keypoints the network's
  // body as its start; the others keep the start they have. Pictures are read on up to `threads`
  // threads (0: all); nobody's start depends on who else is in `inputs`.
  void SetStarts(int threads, std::vector<FitInput>* inputs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gyre
