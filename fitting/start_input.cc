// SPDX-License-Identifier: Apache-2.0
#include "fitting/start_input.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/so3.h"
#include "fitting/cold_start.h"
#include "person/keypoints.h"

namespace gyre {
namespace {

constexpr int kFewestKeypoints = 4;
constexpr double kNearest = 0.05;   // of directions: 87 degrees off the middle
constexpr double kSmallest = 1e-9;  // spread, of the depth
// Of the surest keypoint's confidence, as of a person's box (BoxAroundPoints): detectors guess the
// rest.
constexpr double kGuessed = 0.1;

// A keypoint of the network as it is observed.
struct Seen {
  Vec2 at = Vec2::Zero();
  double confidence = 0;
};

Vec2 WeightedMiddle(const std::vector<Seen>& seen) {
  Vec2 sum = Vec2::Zero();
  double weight = 0;
  for (const Seen& one : seen) {
    sum += one.confidence * one.at;
    weight += one.confidence;
  }
  return sum / weight;
}

double WeightedSpread(const std::vector<Seen>& seen, const Vec2& middle) {
  double sum = 0, weight = 0;
  for (const Seen& one : seen) {
    sum += one.confidence * (one.at - middle).norm();
    weight += one.confidence;
  }
  return sum / weight;
}

// The rotation of the camera onto one of the same place whose axis is this ray.
Mat3 LookingAt(const Vec2& ray) {
  return Eigen::Quaterniond::FromTwoVectors(Vec3(ray.x(), ray.y(), 1), Vec3::UnitZ())
      .toRotationMatrix();
}

}  // namespace

StartInputMaker::StartInputMaker(const std::vector<std::string>& keypoints, const KeypointSet& set)
    : set_(set) {
  for (const std::string& name : keypoints) {
    std::vector<int>& from = from_.emplace_back();
    for (int i = 0; i < set.size(); ++i) {
      if (IsSamePoint(FindJoint(set.joints[i]), FindJoint(name))) from.push_back(i);
    }
  }
}

std::optional<StartInput> StartInputMaker::operator()(const PersonKeypoints& camera) const {
  GYRE_CHECK(camera.confidence.size() == set_.size());
  std::vector<Seen> seen(from_.size());
  const double guessed = kGuessed * camera.confidence.maxCoeff();
  int observed = 0;
  for (size_t k = 0; k < from_.size(); ++k) {
    for (const int i : from_[k]) {
      if (!(camera.confidence[i] > std::max(guessed, seen[k].confidence))) continue;
      const Vec2 px = camera.keypoints_px.row(i).transpose();
      seen[k] = {(px - camera.camera.center_px) / camera.camera.focal_px, camera.confidence[i]};
    }
    observed += seen[k].confidence > 0;
  }
  if (observed < kFewestKeypoints) return std::nullopt;
  const Mat3 ahead = LookingAt(WeightedMiddle(seen));
  for (Seen& one : seen) {
    if (!(one.confidence > 0)) continue;
    const Vec3 ray = ahead * Vec3(one.at.x(), one.at.y(), 1);
    if (!(ray.z() > kNearest * ray.norm())) return std::nullopt;
    one.at = ray.head<2>() / ray.z();
  }
  const Vec2 middle = WeightedMiddle(seen);
  const double spread = WeightedSpread(seen, middle), angle = InPlaneAngle(camera, set_);
  if (!(spread > kSmallest) || !std::isfinite(spread)) return std::nullopt;

  StartInput input{StartNetwork::Vector::Zero(size()),
                   ahead.transpose() * ExpSO3(Vec3(0, 0, angle))};
  const Eigen::Rotation2Dd upright(-angle);
  for (size_t k = 0; k < seen.size(); ++k) {
    if (!(seen[k].confidence > 0)) continue;
    const Vec2 at = upright * (seen[k].at - middle) / spread;
    input.values.segment<3>(3 * static_cast<Eigen::Index>(k)) =
        Vec3(at.x(), at.y(), seen[k].confidence).cast<float>();
  }
  input.values.tail<2>() = Vec2(std::cos(angle), std::sin(angle)).cast<float>();
  return input;
}

KeypointStart::KeypointStart(std::shared_ptr<const StartNetwork> network, const KeypointSet& set,
                             std::shared_ptr<const BodyLayout> layout,
                             std::shared_ptr<const LayoutPrior> prior)
    : network_(std::move(network)),
      input_(network_->keypoints(), set),
      layout_(std::move(layout)),
      prior_(std::move(prior)) {
  int shared = 0;
  for (const std::string& name : network_->joints()) {
    joints_.push_back(layout_->IndexOf(name));
    shared += joints_.back() >= 0;
  }
  knows_body_ = joints_[0] == 0 && 2 * shared > static_cast<int>(joints_.size());
}

std::optional<BodyParams> KeypointStart::operator()(const PersonKeypoints& camera) const {
  if (!knows_body_) return std::nullopt;
  const std::optional<StartInput> input = input_(camera);
  if (!input) return std::nullopt;
  const std::vector<Mat3> rotations = network_->Rotations(input->values);
  BodyParams params(*layout_);
  prior_->SetPose(prior_->Mean(), &params);
  for (size_t k = 0; k < joints_.size(); ++k) {
    const Mat3& rotation = rotations[k];
    if (!(std::abs(rotation.determinant() - 1) < 1e-3)) return std::nullopt;
    if (joints_[k] < 0) continue;
    params.rotation(joints_[k]) =
        LogSO3(k == 0 ? Mat3(input->cam_from_network * rotation) : rotation);
  }
  return params;
}

}  // namespace gyre
