// SPDX-License-Identifier: Apache-2.0
// Where the floor is under people of a video, and when their feet stand on it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "body/kinematics.h"
#include "core/types.h"
#include "fitting/terms/foot_contact.h"

namespace gyre {

// The points of the feet among the joints of a body: heels and toes, or where it has no such
// landmarks the joints of its feet.
struct FootPoints {
  struct Point {
    int joint = 0;
    double above_m = 0;  // the sole, when the foot stands flat
  };
  std::vector<Point> points;

  FootPoints(const BodyModel& body, const FoldedJoints& joints);
};

// The floor under bodies that mostly stand or walk: through the lowest point of each, robustly, by
//   min sum gm(n . X + offset - above) + pitch and roll of the camera as they usually are.
// `bodies`: their joints in the camera's frame. Empty where they are fewer than eight.
std::optional<Floor> FindFloor(std::span<const Points3> bodies, const FootPoints& feet);

// Of each frame, by the points of the feet: whether it stands. A point stands where it is near the
// floor and, for three frames or more, hardly moves across the line of sight (along it, one camera
// hardly sees).
std::vector<std::vector<bool>> FindContacts(std::span<const Points3> frames, const FootPoints& feet,
                                            const Floor& floor, double seconds_per_frame);

}  // namespace gyre
