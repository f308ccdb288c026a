// SPDX-License-Identifier: Apache-2.0
// Who is who from frame to frame of a video in which several people are seen, by where their
// keypoints are.
//
// Everybody's track is carried on from frame to frame: a track's keypoints, moved on at the speed
// they had, are held against those of the people in the next frame,
//   cost = sum_j c_j |x_j - (x'_j + v dt)| / (s sum_j c_j) + |log(s / s')| / 2,
// over the keypoints j that both have, c_j the smaller confidence, s the sides of the boxes. The
// pairs that cost least together are taken, none dearer than a bound that grows with the frames in
// which a track was not seen. One person's way is then the chosen track and, where it ends, the one
// that goes on best.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "loop/bulk/person_source.h"
#include "loop/tracking/person_tracker.h"
#include "person/person.h"

namespace gyre {

struct FollowJump {
  int64_t from, to;  // frames: last seen in one, then in the other
};

struct FollowedPerson {
  std::vector<int> chosen;        // of each frame's people; -1: not seen
  std::vector<FollowJump> jumps;  // where it is not sure that it is the same person
  std::vector<int64_t> lost;      // frames at the end (or beginning) of what could be followed
};

// `frames`: everybody in each. `choice`: of kLargest, who is the most prominent of the frames most
// of the time; of kOne, the person of that number in the first frame that has one.
FollowedPerson FollowPerson(std::span<const std::vector<Person>> frames,
                            const PersonChoice& choice);

}  // namespace gyre
