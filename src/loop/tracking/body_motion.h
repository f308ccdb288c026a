// SPDX-License-Identifier: Apache-2.0
// Where the keypoints of somebody will be in a later frame of a video: the body moves on at
// constant velocity (a Kalman filter, isotropic in the image), its joints keep their places about
// it.
//
// All lengths are shares of the body's size s, the side of its square box, so that near and far
// people move alike. With t the seconds since the last update, each axis' place and speed have the
// covariance P of white accelerations of density q (s^2/s^3),
//   P(t) = F P F^T + q s^2 [t^3/3 t^2/2; t^2/2 t],   F = [1 t; 0 1].
// A joint's place has the variance of the body's and that of the limb's own motion since it was
// seen.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"
#include "person/person.h"

namespace gyre {

// Whether a keypoint is observed, at a place that can be.
bool IsThere(const Keypoints& keypoints, int joint);

struct PredictedJoints {
  Points2 px;         // [J,2]
  VecX variance_px2;  // [J] of each axis
  std::vector<bool> known;
  double size_px = 0;
};

class BodyMotion {
 public:
  explicit BodyMotion(const Person& first);

  // `seconds` after the last update.
  PredictedJoints Predict(double seconds) const;
  // Takes in where they are then.
  void Update(double seconds, const Person& seen);

  const Vec2& place_px() const { return place_px_; }
  const Vec2& speed_px_s() const { return speed_px_s_; }

 private:
  void Advance(double seconds);
  double LimbVariance(int joint) const;

  Vec2 place_px_, speed_px_s_ = Vec2::Zero();
  Eigen::Matrix2d covariance_;  // of place and speed along an axis, px and seconds
  double size_px_;
  Points2 offset_px_;             // of each joint from the place
  std::vector<double> unseen_s_;  // since when; infinite: never seen
};

}  // namespace gyre
