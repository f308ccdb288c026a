// SPDX-License-Identifier: Apache-2.0
// How large losses and errors of joints are on people that nothing was learnt from: what can be
// said of any network, also of one that speaks of no body. validation.h measures bodies.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "datasets/decorators/loader.h"
#include "loop/runs/ranks.h"
#include "loop/training/learner.h"

namespace gyre {

class LossValidation {
 public:
  // Labels are the truth.
  LossValidation(Mixture data, LoaderOptions loading)
      : data_(std::move(data)), loading_(std::move(loading)) {}

  const Mixture& data() const { return data_; }
  // The entries val_samples, val_loss and val_loss_NAME of metrics.jsonl: means over all ranks'
  // samples; and val_network_KEY, the errors of joints in space (metrics/clip_errors.h) where they
  // are said and known; val_pck20 and val_mask_iou, see seen_errors.h. On the first rank.
  nlohmann::json Run(Learner& learner, int64_t step, Ranks* ranks) const;

 private:
  Mixture data_;
  LoaderOptions loading_;
};

}  // namespace gyre
