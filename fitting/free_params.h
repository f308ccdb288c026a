// SPDX-License-Identifier: Apache-2.0
// Which parameters of a body a stage moves. The torso stage moves its place; the body stage moves
// pose and shape of the body, and of hands, jaw and eyes what is seen: a block of the layout in
// which fewer joints are observed than it has is held where it is (at rest, unless a start says
// otherwise), and the expression with the jaw. Where priors hold hands, jaw and eyes
// (terms/hand_prior.h, jaw_prior.h), a few joints are enough.
#pragma once

#include <vector>

#include "body/body_model.h"
#include "body/joints.h"
#include "fitting/observations.h"

namespace gyre {

class FreeParams {
 public:
  // `joints` are those that observations name.
  FreeParams(const BodyModel& body, const KeypointSet& joints, bool parts_have_priors = false);

  // Positions in BodyParams::values(), ascending.
  std::vector<int> OfTorso() const;
  std::vector<int> OfBody(const Observations& observed, bool translation_free) const;

 private:
  std::shared_ptr<const BodyLayout> layout_;
  bool parts_have_priors_;
  bool all_move_;                     // there is no block that could be held
  std::vector<JointBlock> block_of_;  // of each of `joints`, that which carries most of it
};

}  // namespace gyre
