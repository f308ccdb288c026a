// SPDX-License-Identifier: Apache-2.0
// Weights into and out of networks, by name. A network is changed wholly or, on any error, not at
// all. UserError names, in one sentence, what is missing, unexpected or has another shape.
#pragma once

#include <torch/nn/module.h>
#include <torch/optim/adam.h>

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "regressor/names.h"
#include "regressor/torch_file.h"

namespace gyre {

// Parameters and buffers under the names that they have in files, copied to the CPU.
StateDict GetState(const torch::nn::Module& module, const Names& names = {});

// `what` names the source in errors. Values are converted to the module's types and device.
// Counters of batch norms (num_batches_tracked) may be missing. A file may also have the module's
// own names.
void SetState(torch::nn::Module& module, const StateDict& state, const std::string& what,
              const Names& names = {});

// torchvision's ImageNet weights (resnet50-*.pth, ...) into an encoder; their classifier `fc` is
// ignored.
void LoadBackboneWeights(torch::nn::Module& encoder, const std::filesystem::path& path);

// A whole network: SPIN's released checkpoint, GraphCMR's, gyre's own (a dict with the weights
// under "model"), or a bare state_dict; or of one of the `parts` (heads/head.h) that it is made of,
// when all else stays as it is.
void LoadNetworkWeights(torch::nn::Module& network, const std::filesystem::path& path,
                        const Names& names = {}, std::span<const std::vector<NameRule>> parts = {});

// Adam's state, by parameter name: {"conv1.weight": {"step", "exp_avg", "exp_avg_sq"}, ...}, so
// that training goes on exactly where it stood. Options (learning rate) are not in it.
// `module` owns the parameters that `optimizer` optimises.
TorchValue GetAdamState(const torch::optim::Adam& optimizer, const torch::nn::Module& module,
                        const Names& names = {});
void SetAdamState(torch::optim::Adam& optimizer, const torch::nn::Module& module,
                  const TorchValue& state, const std::string& what, const Names& names = {});

}  // namespace gyre
