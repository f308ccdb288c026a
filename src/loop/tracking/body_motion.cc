// SPDX-License-Identifier: Apache-2.0
#include "loop/tracking/body_motion.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gyre {
namespace {

// Of a body's size, which is 1.2 times the height of who stands: 2 m.
constexpr double kFirstSpeed = 0.7;            // per second, of who appears: walking
constexpr double kAccelerationDensity = 0.25;  // q: 1.1 per s^2 that last for 0.2 s
constexpr double kKeypointNoise = 0.015;
constexpr double kLimbSpeed = 0.5;   // of a joint about the body
constexpr double kLimbReach = 0.12;  // which limits how far it comes
constexpr double kBoxNoise = 0.2;    // of the box's middle, where no joint is known from before
// Of the size, from frame to frame: boxes are too small where joints are missing or hidden.
constexpr double kGrow = 0.3, kShrink = 0.03;

}  // namespace

bool IsThere(const Keypoints& keypoints, int joint) {
  constexpr double kFarthest = 1e6;
  return keypoints.confidence[joint] > 0 && keypoints.confidence[joint] <= 1 &&
         (keypoints.px.row(joint).array().abs() < kFarthest).all();
}

BodyMotion::BodyMotion(const Person& first)
    : place_px_(first.box.center_px),
      size_px_(first.box.side_px),
      offset_px_(first.keypoints.px),
      unseen_s_(static_cast<size_t>(first.keypoints.size()),
                std::numeric_limits<double>::infinity()) {
  for (int j = 0; j < first.keypoints.size(); ++j) {
    if (!IsThere(first.keypoints, j)) continue;
    offset_px_.row(j) -= place_px_.transpose();
    unseen_s_[j] = 0;
  }
  covariance_ << std::pow(kKeypointNoise * size_px_, 2), 0, 0, std::pow(kFirstSpeed * size_px_, 2);
}

double BodyMotion::LimbVariance(int joint) const {
  const double share = std::min(kLimbReach, kLimbSpeed * unseen_s_[joint]);
  return std::pow(share * size_px_, 2);
}

void BodyMotion::Advance(double seconds) {
  const double t = seconds, density = kAccelerationDensity * size_px_ * size_px_;
  place_px_ += t * speed_px_s_;
  Eigen::Matrix2d step, noise;
  step << 1, t, 0, 1;
  noise << t * t * t / 3, t * t / 2, t * t / 2, t;
  covariance_ = step * covariance_ * step.transpose() + density * noise;
  for (double& unseen : unseen_s_) unseen += t;
}

PredictedJoints BodyMotion::Predict(double seconds) const {
  BodyMotion then = *this;
  then.Advance(seconds);
  const auto joints = static_cast<Eigen::Index>(unseen_s_.size());
  PredictedJoints predicted;
  predicted.px = offset_px_.rowwise() + then.place_px_.transpose();
  predicted.variance_px2.resize(joints);
  predicted.known.resize(unseen_s_.size());
  predicted.size_px = size_px_;
  for (Eigen::Index j = 0; j < joints; ++j) {
    predicted.known[j] = std::isfinite(unseen_s_[j]);
    predicted.variance_px2[j] = then.covariance_(0, 0) + then.LimbVariance(static_cast<int>(j));
  }
  return predicted;
}

void BodyMotion::Update(double seconds, const Person& seen) {
  Advance(seconds);
  const Keypoints& keypoints = seen.keypoints;
  const double noise_px2 = std::pow(kKeypointNoise * size_px_, 2);
  // By how much the joints known from before are off, by inverse variance.
  Vec2 off_px = Vec2::Zero();
  double weights = 0;
  for (int j = 0; j < keypoints.size(); ++j) {
    if (!IsThere(keypoints, j) || !std::isfinite(unseen_s_[j])) continue;
    const double weight = keypoints.confidence[j] / (noise_px2 + LimbVariance(j));
    const Vec2 now = keypoints.px.row(j).transpose(), before = offset_px_.row(j).transpose();
    off_px += weight * (now - before - place_px_);
    weights += weight;
  }
  double variance_px2 = 1 / weights;
  if (weights > 0) {
    off_px /= weights;
  } else {
    off_px = seen.box.center_px - place_px_;
    variance_px2 = std::pow(kBoxNoise * size_px_, 2);
  }
  const Vec2 gain = covariance_.col(0) / (covariance_(0, 0) + variance_px2);
  place_px_ += gain[0] * off_px;
  speed_px_s_ += gain[1] * off_px;
  covariance_ -= gain * covariance_.row(0).eval();

  for (int j = 0; j < keypoints.size(); ++j) {
    if (!IsThere(keypoints, j)) continue;
    offset_px_.row(j) = keypoints.px.row(j) - place_px_.transpose();
    unseen_s_[j] = 0;
  }
  const double growth_px = seen.box.side_px - size_px_;
  size_px_ += (growth_px > 0 ? kGrow : kShrink) * growth_px;
}

}  // namespace gyre
