// SPDX-License-Identifier: Apache-2.0
// Human2D of Pavlakos et al. 2018: two stacked hourglasses (layers/volume_stack.h) of which each
// says a heat map for every joint and two maps for the person's mask, from one trunk. What the
// first says is given to the second.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "body/joints.h"
#include "regressor/layers/volume_stack.h"
#include "regressor/network_options.h"
#include "regressor/output.h"

namespace gyre {

class Human2dImpl : public torch::nn::Module {
 public:
  // `set` lives as long as the program. UserError for another encoder than pictures' with backbone
  // hourglass.
  Human2dImpl(const NetworkOptions& options, const KeypointSet& set);

  // Fills heat_maps, masks, and uvd, of whose depth nothing is known: it is zero. Maps are a
  // quarter of the picture.
  void AddTo(const Features& features, Output* output);

 private:
  const KeypointSet& set_;
  VolumeDecode decode_;
  VolumeStack stack;
};
TORCH_MODULE(Human2d);

}  // namespace gyre
