// SPDX-License-Identifier: Apache-2.0
// Teaches a start network (fitting/start_network.h) with made-up people of whom everything is
// known. Of rotations R, world rotations G and joints p, on the bones of each person, the loss is
//   rotation_weight mean |R - R*|  +  world_weight mean |G - G*|  +  place_weight mean |p - p*|_2
// with sums of absolute differences, so that where keypoints leave two poses open one of them is
// said and not what lies between. Layers have batch norm while they learn
// (regressor/encoders/dense.h), which is folded into what is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/option_fields.h"
#include "fitting/start_network.h"
#include "loop/starts/start_people.h"

namespace gyre {

struct StartTrainingOptions {
  int neurons = 512;
  int blocks = 2;  // of two layers each
  int64_t steps = 12000;
  int batch_size = 256;
  double learning_rate = 2e-3, learning_rate_end = 1e-5;  // falls as a cosine
  double rotation_weight = 1, world_weight = 1, place_weight = 10;
  int64_t check_every = 1000;  // steps; at the end too
  int64_t check_people = 2048;
  int threads = 1;
  uint64_t seed = 1;

  void Check() const;
};

template <OptionsOf<StartTrainingOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("neurons", o.neurons, "Numbers between two layers");
  visit("blocks", o.blocks, "Blocks of two layers");
  visit("steps", o.steps, "Steps");
  visit("batch_size", o.batch_size, "People a step");
  visit("learning_rate", o.learning_rate, "Learning rate at first");
  visit("learning_rate_end", o.learning_rate_end, "Learning rate at the end");
  visit("rotation_weight", o.rotation_weight, "Weight of joints' rotations");
  visit("world_weight", o.world_weight, "Weight of bones' directions");
  visit("place_weight", o.place_weight, "Weight of joints' places, 1/m");
  visit("check_every", o.check_every, "Steps between two measurements");
  visit("check_people", o.check_people, "Other people to measure with");
  visit("threads", o.threads, "Threads (0: all cores)");
  visit("seed", o.seed, "Seed of the first weights");
}

struct StartTrainingReport {
  int64_t step = 0;
  double loss = 0;      // mean since the last report
  double mpjpe_mm = 0;  // of the 24 joints from the pelvis, of other people
  double seconds = 0;   // since the beginning
};

// `people` teach, `others` measure. `source` goes into the network. After every measurement
// `report` gets the network as it is.
StartNetwork TrainStartNetwork(
    const StartPeople& people, const StartPeople& others, const StartTrainingOptions& options,
    const std::string& source,
    const std::function<void(const StartTrainingReport&, const StartNetwork&)>& report);

}  // namespace gyre
