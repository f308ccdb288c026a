// SPDX-License-Identifier: Apache-2.0
// A checkpoint's folder:
//   network.pt     {"model": weights, "adam": state by parameter, "step", "format": "gyre 1"};
//                  Python's torch.load opens it
//   state.json     {"train_seconds"}: what differs from run to run, so that the rest need not
//   fits.npz       the training set's fits (FitStore::Save)
//   val_fits.npz   the validation set's
// Random numbers need no state: they are functions of the seed and the step.
#pragma once

#include <torch/optim/adam.h>

#include <cstdint>
#include <filesystem>

#include "fitting/fit_store.h"
#include "regressor/hmr.h"

namespace gyre {

void WriteCheckpoint(const std::filesystem::path& folder, int64_t step, double train_seconds,
                     const HmrNet& network, const torch::optim::Adam& optimizer,
                     const FitStore& fits, const FitStore* val_fits);

struct CheckpointState {
  int64_t step = 0;
  double train_seconds = 0;
  FitStore fits, val_fits;
};
// Restores network and optimiser. UserError names the file at fault; then another checkpoint has to
// be read before either is used.
CheckpointState ReadCheckpoint(const std::filesystem::path& folder, HmrNet& network,
                               torch::optim::Adam& optimizer, const StorePolicy& policy);

}  // namespace gyre
