// SPDX-License-Identifier: Apache-2.0
// A checkpoint's folder:
//   network.pt     {"model": weights, "adam": state by parameter, "step", "format": "gyre 2"};
//                  Python's torch.load opens it, its archive holds a checksum of every part
//   state.json     {"train_seconds"}: what differs from run to run, so that the rest need not
// The fits are in the run's store (fitting/store/fit_file.h), which keeps those of the last
// checkpoint. Random numbers need no state: they are functions of the seed and the step.
#pragma once

#include <torch/nn/module.h>
#include <torch/optim/adam.h>

#include <cstdint>
#include <filesystem>

#include "regressor/names.h"

namespace gyre {

// What a checkpoint is of: modules and their tensors' names alone.
struct Trained {
  torch::nn::Module& network;
  torch::optim::Adam& optimizer;
  const Names& names;  // in network.pt
};

void WriteCheckpoint(const std::filesystem::path& folder, int64_t step, double train_seconds,
                     const Trained& trained);

struct CheckpointState {
  int64_t step = 0;
  double train_seconds = 0;
};
// Restores network and optimiser. UserError names the file at fault; then another checkpoint has to
// be read before either is used.
CheckpointState ReadCheckpoint(const std::filesystem::path& folder, const Trained& trained);

}  // namespace gyre
