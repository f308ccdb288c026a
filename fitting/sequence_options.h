// SPDX-License-Identifier: Apache-2.0
// How the frames of one person are fitted together (sequence_fitter.h).
#pragma once

#include "core/option_fields.h"

namespace gyre {

struct SequenceOptions {
  // Reference pixels per m/s^2. Keypoint noise (3.4 px, see FitOptions::point_weight) over the
  // acceleration of a joint along an axis (5.5 m/s^2, the root mean square of CMU's clips), over
  // sqrt 35, as the 35 joints speed up together. On such clips twice and half as much is no better.
  double acceleration_weight = 0.1;
  // Frames so near in time hold one pose between them, and the pose prior counts once for all of
  // them: in each frame anew it would outvote what every one of them sees.
  double pose_s = 0.25;
  int window_frames = 48;   // solved together
  int overlap_frames = 20;  // of them solved again with what follows; motion is forgotten faster
  int max_iterations = 30;  // per window
  double function_tolerance = 1e-5;

  // Feet stand: the floor is found, and the motion solved again with terms/foot_contact.h. Weights
  // in reference pixels per metre: keypoint noise over how far a standing foot moves in a frame
  // (5 mm), and over how far a sole is from the floor (2 cm).
  bool ground = false;
  double hold_weight = 680;
  double floor_weight = 170;
  double height_m = 0;  // of the person as they stand; 0: not known

  // Throws UserError naming the field and its value.
  void Check() const;
};

template <OptionsOf<SequenceOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("acceleration_weight", o.acceleration_weight, "Weight of smooth motion, pixels per m/s^2");
  visit("pose_s", o.pose_s, "The pose prior counts once in so many seconds (0: in every frame)");
  visit("window_frames", o.window_frames, "Frames solved together");
  visit("overlap_frames", o.overlap_frames, "Of them solved again with what follows");
  visit("max_iterations", o.max_iterations, "Iterations per window");
  visit("function_tolerance", o.function_tolerance, "Relative decrease that ends a window");
  visit("ground", o.ground, "Find the floor; feet that stand on it stay, none goes below it");
  visit("hold_weight", o.hold_weight, "With it: weight of feet that stay, pixels per metre");
  visit("floor_weight", o.floor_weight, "With it: weight of feet on it, pixels per metre");
  visit("height_m", o.height_m, "How tall the people are, metres (0: not known)");
}

}  // namespace gyre
