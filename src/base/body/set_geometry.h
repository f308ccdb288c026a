// SPDX-License-Identifier: Apache-2.0
// What joints of a keypoint set tell about a body, learnt from poses of a prior on the body's mean
// shape: which of them stand rigidly apart and how far, and where the kinematic joints are among
// them. Needs no list of limbs for any set.
#pragma once

#include <vector>

#include "body/body_model.h"
#include "body/joints.h"
#include "body/pose_prior.h"

namespace gyre {

struct SetGeometry {
  struct RigidPair {
    int from, to;     // positions in the set
    double length_m;  // the mean over poses
  };
  std::vector<RigidPair> rigid;

  // Kinematic joint k is about row k of `kinematic` times the set's joints; rows sum to 1, so that
  // it moves and turns with them. [J,N]
  RowMatX kinematic;
  VecX kinematic_rms_m;  // [J] how far off that is over poses
};

// `prior` null: of small random turns about the rest pose. A function of its arguments alone. A
// pair is rigid when its distance varies by less than 5 % and is 4 cm or more. Joints that the body
// does not have are in no pair and have no weight. UserError where it has fewer than three.
SetGeometry GeometryOf(const BodyModel& model, const PosePrior* prior, const KeypointSet& set);

}  // namespace gyre
