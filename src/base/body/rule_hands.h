// SPDX-License-Identifier: Apache-2.0
// Poses of hands made by rule, and what principal components they have.
//
// A hand is 21 angles, degrees: of each finger the flexion of its three joints and its spread
// towards the thumb; of the thumb flexion, distance from the palm and turn about itself at its
// root, and the flexion of its two other joints. Seventeen grasps and gestures are given (the
// grasps after Feix et al., "The GRASP taxonomy of human grasp types", IEEE THMS 46(1), 2016);
// where thumb and finger meet, the thumb's angles are those that bring their pads together. A drawn
// hand lies on the way from one of them to another, as a whole or finger by finger, with noise. End
// joints bend about two thirds as far as the middle ones (Rijpkema and Girard, SIGGRAPH 1991).
// Angles stay within the norms of the American Academy of Orthopaedic Surgeons (Joint Motion, 1965:
// fingers 90 at the knuckle, 100 at the middle, 90 at the end joint; thumb 50 and 80, 70 away from
// the palm), but for the middle joint's 110 of a closed fist and the root of the thumb, whose
// flexion is part of its opposition.
#pragma once

#include <array>
#include <span>

#include "body/body_model.h"
#include "core/rng.h"

namespace gyre {

struct HandAngles {
  struct Finger {
    double knuckle = 0, middle = 0, end = 0, spread = 0;
  };
  struct Thumb {
    double flexion = 0, away = 0, turn = 0, knuckle = 0, end = 0;
  };
  std::array<Finger, 4> fingers;  // index, middle, ring and little finger
  Thumb thumb;
};

struct HandShape {
  const char* name;
  HandAngles angles;
};
std::span<const HandShape> HandShapes();

// A hand that is nearest to, or on the way from, the shape of that number.
HandAngles DrawHand(int shape, Rng& rng);

// Angles to poses of a body's hands.
class RuleHands {
 public:
  // `joints` [J,3] at rest, with straight fingers, the palms down; `tips` [5,3] of the left hand's
  // fingers, the thumb's first. The layout has to have three joints of every finger.
  RuleHands(const BodyLayout& layout, const Points3& joints, const Points3& tips);

  // The left hand's axis-angles [45], in the layout's order.
  VecX LeftPose(const HandAngles& angles) const;
  // The mirror image: of the right hand.
  static VecX Mirrored(const VecX& left_pose);

  // Mean and principal components, the largest variance first, of drawn hands; the right hand's are
  // mirror images. `variances`, when asked for, receives those of the components [45].
  std::array<BodyModel::Hand, 2> Components(VecX* variances = nullptr) const;

 private:
  struct Axes {
    Vec3 along, flexion, out;  // `out`: from the thumb's nail, or up
  };
  std::array<Axes, 5> axes_;   // the thumb's first
  std::array<int, 5> places_;  // of each finger's first joint in a hand's pose
};

}  // namespace gyre
