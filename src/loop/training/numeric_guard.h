// SPDX-License-Identifier: Apache-2.0
// Names the numbers that are NaN or infinite where they should not be. Every function returns an
// empty text when there are none.
#pragma once

#include <torch/nn/module.h>
#include <torch/optim/adam.h>

#include <span>
#include <string>

#include "datasets/dataset.h"
#include "regressor/losses/losses.h"
#include "regressor/output.h"

namespace gyre {

// Loss terms, and the samples for which the network's output is to blame:
// "loss_keypoints_2d (the network's output for coco 17, coco 40)".
std::string NotFinite(const Losses& losses, const Output& output, std::span<const Person> samples);
// The first parameter whose gradient is not finite.
std::string NotFiniteGradient(const torch::nn::Module& network);
// The first parameter, buffer or running mean of the optimiser's.
std::string NotFiniteState(const torch::nn::Module& network, const torch::optim::Adam& optimizer);

}  // namespace gyre
