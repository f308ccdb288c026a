// SPDX-License-Identifier: Apache-2.0
// Weights into and out of networks, by name. A network is changed wholly or, on any error, not at
// all. UserError names, in one sentence, what is missing, unexpected or has another shape.
#pragma once

#include <torch/optim/adam.h>

#include <filesystem>
#include <string>

#include "regressor/hmr.h"
#include "regressor/torch_file.h"

namespace gyre {

// Parameters and buffers, copied to the CPU.
StateDict GetState(const torch::nn::Module& module);

// `what` names the source in errors. Values are converted to the module's types and device.
// Counters of batch norms (num_batches_tracked) may be missing.
void SetState(torch::nn::Module& module, const StateDict& state, const std::string& what);

// torchvision's ImageNet weights (resnet50-*.pth, ...): the backbone's; its classifier `fc` is
// ignored, the head keeps its values.
void LoadBackboneWeights(HmrNetImpl& network, const std::filesystem::path& path);

// A whole network: SPIN's released checkpoint, gyre's own (a dict with the weights under "model"),
// or a bare state_dict.
void LoadNetworkWeights(HmrNetImpl& network, const std::filesystem::path& path);

// Adam's state, by parameter name: {"conv1.weight": {"step", "exp_avg", "exp_avg_sq"}, ...}, so
// that training goes on exactly where it stood. Options (learning rate) are not in it.
// `module` owns the parameters that `optimizer` optimises.
TorchValue GetAdamState(const torch::optim::Adam& optimizer, const torch::nn::Module& module);
void SetAdamState(torch::optim::Adam& optimizer, const torch::nn::Module& module,
                  const TorchValue& state, const std::string& what);

}  // namespace gyre
