// SPDX-License-Identifier: Apache-2.0
// A checkpoint's folder:
//   network.pt     {"model": weights, "adam": state by parameter, "step", "format": "gyre 2"};
//                  Python's torch.load opens it, its archive holds a checksum of every part
//   state.json     {"train_seconds", "body": {"path", "extra_path", "fingerprint"}}: what differs
//                  from run to run, or from place to place, so that the rest need not. Without body
//                  (older versions, and networks that speak of none) it is not known.
// The fits are in the run's store (fitting/store/fit_file.h), which keeps those of the last
// checkpoint. Random numbers need no state: they are functions of the seed and the step.
#pragma once

#include <torch/nn/module.h>
#include <torch/optim/adam.h>

#include <cstdint>
#include <filesystem>

#include "body/body_identity.h"
#include "regressor/names.h"

namespace gyre {

// What a checkpoint is of: modules and their tensors' names alone.
struct Trained {
  torch::nn::Module& network;
  torch::optim::Adam& optimizer;
  const Names& names;  // in network.pt
};

struct CheckpointState {
  int64_t step = 0;
  double train_seconds = 0;
  BodyIdentity body = {};  // that the network speaks of
};
void WriteCheckpoint(const std::filesystem::path& folder, const CheckpointState& state,
                     const Trained& trained);
// Restores network and optimiser. UserError names the file at fault; then another checkpoint has to
// be read before either is used.
CheckpointState ReadCheckpoint(const std::filesystem::path& folder, const Trained& trained);
// Of its state.json alone.
BodyIdentity BodyOfCheckpoint(const std::filesystem::path& folder);

}  // namespace gyre
