// SPDX-License-Identifier: Apache-2.0
#include "fitting/observations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

std::array<int, 4> Positions(const std::array<const char*, 4>& names) {
  std::array<int, 4> positions{};
  for (size_t i = 0; i < names.size(); ++i) {
    positions[i] = SpinJoints().IndexOf(names[i]);
    GYRE_CHECK(positions[i] >= 0, "{} is not among SPIN's joints", names[i]);
  }
  return positions;
}

}  // namespace

KeypointRules::KeypointRules(const FitOptions& options, const BodyModel& body) : options_(options) {
  distinct_.name = "spin49-distinct";
  for (int i = 0; i < kNumSpinJoints; ++i) {
    const std::string_view name = SpinJoints().joints[i];
    const JointInfo& info = FindJoint(name);
    if (info.source == JointSource::kLandmark && body.landmark_vertices[info.source_idx] < 0) {
      distinct_of_[i] = -1;
      continue;
    }
    const auto same =
        std::find_if(distinct_.joints.begin(), distinct_.joints.end(), [&](std::string_view other) {
          const JointInfo& there = FindJoint(other);
          return there.source == info.source && there.source_idx == info.source_idx;
        });
    distinct_of_[i] = static_cast<int>(same - distinct_.joints.begin());
    if (same == distinct_.joints.end()) distinct_.joints.push_back(name);
    ignored_[i] = std::find(options.ignored_joints.begin(), options.ignored_joints.end(), name) !=
                  options.ignored_joints.end();
  }
  openpose_torso_ = Positions({"OP RHip", "OP LHip", "OP RShoulder", "OP LShoulder"});
  superset_torso_ = Positions({"Right Hip", "Left Hip", "Right Shoulder", "Left Shoulder"});
}

Observation KeypointRules::ObservationOf(const FitProblem& problem, int keypoint,
                                         double weight) const {
  return {distinct_of_[keypoint], problem.keypoints_px.row(keypoint).transpose(), weight};
}

// Observations of one joint become one: their mean by squared weight, with the weight of both. Two
// detections are two measurements; for errors far below sigma this is the same objective, faster.
std::vector<Observation> KeypointRules::Merged(std::vector<Observation> observations) const {
  if (!options_.merge_duplicate_joints) return observations;
  std::vector<Observation> merged;
  for (const Observation& one : observations) {
    const double share = one.weight * one.weight;
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const Observation& other) {
      return other.joint == one.joint;
    });
    if (same == merged.end()) {
      merged.push_back(one);
      continue;
    }
    const double sum = same->weight * same->weight + share;
    same->point_px += share / sum * (one.point_px - same->point_px);
    same->weight = std::sqrt(sum);
  }
  return merged;
}

std::vector<Observation> KeypointRules::Torso(const FitProblem& problem) const {
  const VecX& confidence = problem.confidence;
  std::vector<Observation> torso;
  if (options_.torso_weighting == TorsoWeighting::kNone) {
    const bool openpose = std::all_of(openpose_torso_.begin(), openpose_torso_.end(),
                                      [&](int i) { return confidence[i] > 0; });
    for (int i : openpose ? openpose_torso_ : superset_torso_) {
      torso.push_back(ObservationOf(problem, i, 1));
    }
  } else {
    for (const auto& side : {openpose_torso_, superset_torso_}) {
      for (int i : side) {
        if (Has(problem, i)) torso.push_back(ObservationOf(problem, i, confidence[i]));
      }
    }
    torso = Merged(std::move(torso));
  }
  if (!options_.torso_fallback) return torso;
  std::array<bool, 4> seen{};
  for (size_t i = 0; i < seen.size(); ++i) {
    seen[i] = confidence[openpose_torso_[i]] > 0 || confidence[superset_torso_[i]] > 0;
  }
  return std::count(seen.begin(), seen.end(), true) < 3 ? Body(problem) : torso;
}

std::vector<Observation> KeypointRules::Body(const FitProblem& problem) const {
  std::vector<Observation> observations;
  for (int i = 0; i < kNumSpinJoints; ++i) {
    if (Has(problem, i) && !ignored_[i]) {
      observations.push_back(ObservationOf(problem, i, problem.confidence[i]));
    }
  }
  return Merged(std::move(observations));
}

int KeypointRules::CountObserved(const FitProblem& problem) const {
  return static_cast<int>(Body(problem).size());
}

VecX KeypointRules::Errors(const FitProblem& problem, const Points3& joints) const {
  VecX errors = VecX::Constant(kNumSpinJoints, std::numeric_limits<double>::quiet_NaN());
  for (int i = 0; i < kNumSpinJoints; ++i) {
    if (!Has(problem, i)) continue;
    const Vec2 pixel = problem.camera.Project(joints.row(distinct_of_[i]).transpose());
    errors[i] = (pixel - problem.keypoints_px.row(i).transpose()).norm();
  }
  return errors;
}

double KeypointRules::SpinScore(const FitProblem& problem, const Points3& joints) const {
  const double sigma2 = options_.sigma_px * options_.sigma_px;
  double sum = 0;
  for (int i = 0; i < kNumSpinJoints; ++i) {
    if (!Has(problem, i) || ignored_[i]) continue;
    const double c = problem.confidence[i];
    const Vec2 pixel = problem.camera.Project(joints.row(distinct_of_[i]).transpose());
    const Vec2 e = problem.pixel_scale * (pixel - problem.keypoints_px.row(i).transpose());
    for (double s : {e.x() * e.x(), e.y() * e.y()}) sum += c * c * sigma2 * s / (sigma2 + s);
  }
  return sum / kNumSpinJoints;
}

}  // namespace gyre
