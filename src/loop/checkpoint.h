// SPDX-License-Identifier: Apache-2.0
// A checkpoint's folder:
//   network.pt     {"model": weights, "adam": state by parameter, "step", "format": "gyre 2"};
//                  Python's torch.load opens it, its archive holds a checksum of every part
//   state.json     {"train_seconds"}: what differs from run to run, so that the rest need not
// The fits are in the run's store (fitting/store/fit_file.h), which keeps those of the last
// checkpoint. Random numbers need no state: they are functions of the seed and the step.
#pragma once

#include <torch/optim/adam.h>

#include <cstdint>
#include <filesystem>

#include "regressor/hmr.h"

namespace gyre {

void WriteCheckpoint(const std::filesystem::path& folder, int64_t step, double train_seconds,
                     const HmrNet& network, const torch::optim::Adam& optimizer);

struct CheckpointState {
  int64_t step = 0;
  double train_seconds = 0;
};
// Restores network and optimiser. UserError names the file at fault; then another checkpoint has to
// be read before either is used.
CheckpointState ReadCheckpoint(const std::filesystem::path& folder, HmrNet& network,
                               torch::optim::Adam& optimizer);

}  // namespace gyre
