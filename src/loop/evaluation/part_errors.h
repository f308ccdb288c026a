// SPDX-License-Identifier: Apache-2.0
// How far hands and faces are from the truth, each by itself.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "body/kinematics.h"
#include "metrics/meter.h"

namespace gyre {

// Mean distances, mm, of OpenPose's points after the similarity that takes them nearest to the
// truth's: of each hand 21 points (root, fingers' joints and tips), of a face iBUG's 51 without its
// outline. Only of bodies with fingers, or a face of such points.
class PartErrors {
 public:
  explicit PartErrors(const BodyModel& body);

  // Whether there is anything to measure.
  bool Any() const { return joints_.has_value(); }
  void Add(const BodyParams& said, const BodyParams& truth);

  const Meter& hands_mm() const { return hands_mm_; }
  const Meter& face_mm() const { return face_mm_; }

 private:
  std::optional<FoldedJoints> joints_;
  std::array<std::vector<int>, 2> hands_;  // rows of joints_
  std::vector<int> face_;
  Meter hands_mm_, face_mm_;
};

}  // namespace gyre
