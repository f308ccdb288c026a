// SPDX-License-Identifier: Apache-2.0
// What the start network looks at (start_network.h), and what it says as a body.
//
// Keypoints are seen by a camera of the same centre of projection that looks at their middle, which
// is the same wherever in the picture a person is; there, on the plane at depth 1, by their own
// middle and their mean distance from it, turned so that the spine points up:
//   x_i = T (q_i - m) / s,   m = sum c_i q_i / sum c_i,   s = sum c_i |q_i - m| / sum c_i
// with confidences c_i and T a turn by the angle of the spine in the picture (InPlaneAngle). The
// input is (x_i, c_i) for each keypoint of the network, zeros where it is not observed or guessed (less
// than a tenth as sure as the surest), and the cosine and the sine of that angle.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "body/body_layout.h"
#include "body/layout_prior.h"
#include "fitting/fit_problem.h"
#include "fitting/start_network.h"

namespace gyre {

struct StartInput {
  StartNetwork::Vector values;
  Mat3 cam_from_network;  // takes the first joint's rotation into the camera's frame
};

// Immutable.
class StartInputMaker {
 public:
  // `keypoints`: registered names, the network's; a joint of `set` goes to all of them that are the
  // same point of the body.
  StartInputMaker(const std::vector<std::string>& keypoints, const KeypointSet& set);

  int size() const { return 3 * static_cast<int>(from_.size()) + 2; }
  // Empty where too few of the network's keypoints are observed, or all of them coincide. Where a
  // set has a point under several names, that of the highest confidence is taken, the first of
  // equals.
  std::optional<StartInput> operator()(const PersonKeypoints& camera) const;

 private:
  const KeypointSet set_;
  std::vector<std::vector<int>> from_;  // positions in the set of each of the network's keypoints
};

// A start network for people of a keypoint set on a body of any layout: joints are found by their
// names. Immutable.
class KeypointStart {
 public:
  KeypointStart(std::shared_ptr<const StartNetwork> network, const KeypointSet& set,
                std::shared_ptr<const BodyLayout> layout, std::shared_ptr<const LayoutPrior> prior);

  // Whether the body has most of the network's joints; otherwise it says nothing of anybody.
  bool knows_body() const { return knows_body_; }
  const std::shared_ptr<const StartNetwork>& network() const { return network_; }
  // The body in the camera's frame: mean shape, the prior's mean where the network knows no joint,
  // translation zero. Empty where there is nothing to tell it by.
  std::optional<BodyParams> operator()(const PersonKeypoints& camera) const;

 private:
  std::shared_ptr<const StartNetwork> network_;
  StartInputMaker input_;
  std::shared_ptr<const BodyLayout> layout_;
  std::shared_ptr<const LayoutPrior> prior_;
  std::vector<int> joints_;  // the layout's, for each of the network's; -1: it has none
  bool knows_body_ = false;
};

}  // namespace gyre
