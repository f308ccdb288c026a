// SPDX-License-Identifier: Apache-2.0
// Made-up people whom the start network learns from (fitting/start_network.h): poses of motion
// capture, of a prior and made by rule, on bodies of any shape, seen from anywhere by any lens,
// found as detectors and annotators find them (datasets/scenes/detector_errors.h). Person i is a
// function of (seed, i).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "body/body_model.h"
#include "body/kinematics.h"
#include "body/pose_prior.h"
#include "body/retarget.h"
#include "core/option_fields.h"
#include "core/rng.h"
#include "datasets/scenes/detector_errors.h"
#include "fitting/start_input.h"

namespace gyre {

struct StartPeopleOptions {
  uint64_t seed = 1;
  // Of the poses; the rest are made by rule.
  double mocap_share = 0.5, prior_share = 0.3;
  // Of the people: with legs, and with an arm, of another pose.
  double other_legs_share = 0.3, other_arm_share = 0.2;
  double bent_share = 0.5;  // of the people: whose joints are turned a little more
  double bent_rad = 0.2;    // of that, most of one standard deviation, each axis
  // Seen by a camera that is level up to a tilt and a roll, or anyhow.
  double tilt_deg = 15, roll_deg = 12;
  double any_roll_share = 0.15, any_turn_share = 0.1;
  double nearest = 1.6, farthest = 25;  // depth by the person's extent; log-uniform
  double beta_max = 2.5;                // betas are N(0,1) clipped to this

  void Check() const;
};

template <OptionsOf<StartPeopleOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("seed", o.seed, "Seed of the people");
  visit("mocap", o.mocap_share, "Share of poses of motion capture");
  visit("prior", o.prior_share, "Share of poses drawn from the prior; the rest are made by rule");
  visit("other_legs", o.other_legs_share, "Share of people with the legs of another pose");
  visit("other_arm", o.other_arm_share, "Share of people with an arm of another pose");
  visit("bent", o.bent_share, "Share of people whose joints are turned a little more");
  visit("bent_rad", o.bent_rad, "By how much at most, one standard deviation");
  visit("tilt", o.tilt_deg, "Spread of the view from above or below, degrees");
  visit("roll", o.roll_deg, "Spread of the turn in the picture, degrees");
  visit("any_roll", o.any_roll_share, "Share of people turned by any angle in the picture");
  visit("any_turn", o.any_turn_share, "Share of people seen from anywhere");
  visit("nearest", o.nearest, "Least distance of the camera, by the person's extent");
  visit("farthest", o.farthest, "Largest distance of the camera, by the person's extent");
  visit("beta_max", o.beta_max, "Largest shape parameter");
}

struct StartPerson {
  StartNetwork::Vector input;  // of the network
  std::vector<Mat3>
      rotations;    // of its joints: the first in its frame, the others as in BodyParams
  Points3 offsets;  // [24,3] of SMPL's joints from their parents at rest, of this person's shape
};

class StartPeople {
 public:
  // `clips`: groups that count alike, and so do clips of one group, however many and long.
  StartPeople(std::vector<std::shared_ptr<const BodyModel>> bodies,
              std::vector<std::vector<PoseClip>> clips, std::shared_ptr<const PosePrior> prior,
              const StartPeopleOptions& options, const DetectorErrors& errors);

  static const std::vector<std::string>& Keypoints();  // the network's
  static const std::vector<std::string>& Joints();     // all of SMPL's but the hands

  StartPerson Make(int64_t index) const;

 private:
  VecX DrawPose(Rng& rng) const;       // [72], its root in a world with y up
  VecX DrawWholePose(Rng& rng) const;  // the same, put together from several
  bool TryMake(Rng& rng, uint64_t seed, int64_t index, StartPerson* made) const;

  std::vector<std::shared_ptr<const BodyModel>> bodies_;
  std::vector<FoldedJoints> joints_;  // of each body, SPIN's 49
  std::vector<std::vector<PoseClip>> clips_;
  std::shared_ptr<const PosePrior> prior_;
  StartPeopleOptions options_;
  DetectorErrors errors_;
  StartInputMaker input_;
};

}  // namespace gyre
