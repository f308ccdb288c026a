// SPDX-License-Identifier: Apache-2.0
#include "fitting/observations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

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

// Observations of one joint, no farther apart than `within`, become one: their mean by squared
// weight, with the weight of both. Two detections are two measurements; for errors far below sigma
// this is the same objective, faster.
template <class T, class Place>
std::vector<T> KeypointRules::Merged(std::vector<T> observations, Place T::*place,
                                     double within) const {
  if (!options_.merge_duplicate_joints) return observations;
  std::vector<T> merged;
  for (const T& one : observations) {
    const double share = one.weight * one.weight;
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const T& other) {
      return other.joint == one.joint && (other.*place - one.*place).norm() <= within;
    });
    if (same == merged.end()) {
      merged.push_back(one);
      continue;
    }
    const double sum = same->weight * same->weight + share;
    Place& mean = (*same).*place;
    mean += share / sum * (one.*place - mean);
    same->weight = std::sqrt(sum);
  }
  return merged;
}

std::vector<int> KeypointRules::Observed(const VecX& confidence, Part part) const {
  std::vector<int> keypoints;
  if (part == Part::kTorso) {
    for (const auto& side : {openpose_torso_, superset_torso_}) {
      for (int i : side) {
        if (Has(confidence, i)) keypoints.push_back(i);
      }
    }
    return keypoints;
  }
  for (int i = 0; i < kNumSpinJoints; ++i) {
    if (Has(confidence, i) && !ignored_[i]) keypoints.push_back(i);
  }
  return keypoints;
}

std::vector<Observation> KeypointRules::SeenBy(const PersonKeypoints& camera, int view,
                                               Part part) const {
  std::vector<Observation> seen;
  for (int i : Observed(camera.confidence, part)) {
    seen.push_back(
        {distinct_of_[i], camera.keypoints_px.row(i).transpose(), camera.confidence[i], view});
  }
  return Merged(std::move(seen), &Observation::point_px,
                options_.merge_within_px / camera.pixel_scale);
}

std::vector<PointObservation> KeypointRules::Points(const FitProblem& problem, Part part) const {
  std::vector<PointObservation> points;
  for (int i : Observed(problem.points3D_confidence, part)) {
    points.push_back({distinct_of_[i], problem.points3D.row(i).transpose(),
                      options_.point_weight * problem.points3D_confidence[i]});
  }
  return Merged(std::move(points), &PointObservation::point,
                std::numeric_limits<double>::infinity());
}

KeypointRules::Part KeypointRules::TorsoPart(const FitProblem& problem) const {
  if (!options_.torso_fallback) return Part::kTorso;
  const auto sees = [](const VecX& confidence, int keypoint) {
    return confidence.size() > 0 && confidence[keypoint] > 0;
  };
  int seen = 0;
  for (size_t i = 0; i < openpose_torso_.size(); ++i) {
    const auto observes = [&](const VecX& confidence) {
      return sees(confidence, openpose_torso_[i]) || sees(confidence, superset_torso_[i]);
    };
    seen += observes(problem.confidence) || observes(problem.points3D_confidence) ||
            std::any_of(problem.views.begin(), problem.views.end(),
                        [&](const FitView& view) { return observes(view.confidence); });
  }
  return seen < 3 ? Part::kBody : Part::kTorso;
}

std::vector<Observation> KeypointRules::SpinTorso(const PersonKeypoints& camera) const {
  const bool openpose = std::all_of(openpose_torso_.begin(), openpose_torso_.end(),
                                    [&](int i) { return camera.confidence[i] > 0; });
  std::vector<Observation> torso;
  for (int i : openpose ? openpose_torso_ : superset_torso_) {
    torso.push_back({distinct_of_[i], camera.keypoints_px.row(i).transpose(), 1});
  }
  return torso;
}

std::vector<Observation> KeypointRules::Seen(const FitProblem& problem, Part part) const {
  const bool spin = part == Part::kTorso && options_.torso_weighting == TorsoWeighting::kNone;
  std::vector<Observation> seen = spin ? SpinTorso(problem) : SeenBy(problem, 0, part);
  for (size_t i = 0; i < problem.views.size(); ++i) {
    const std::vector<Observation> more = SeenBy(problem.views[i], static_cast<int>(i) + 1, part);
    seen.insert(seen.end(), more.begin(), more.end());
  }
  return seen;
}

std::vector<Observation> KeypointRules::Torso(const FitProblem& problem) const {
  return Seen(problem, TorsoPart(problem));
}

std::vector<PointObservation> KeypointRules::TorsoPoints(const FitProblem& problem) const {
  return Points(problem, TorsoPart(problem));
}

std::vector<Observation> KeypointRules::Body(const FitProblem& problem) const {
  return Seen(problem, Part::kBody);
}

std::vector<PointObservation> KeypointRules::BodyPoints(const FitProblem& problem) const {
  return Points(problem, Part::kBody);
}

std::vector<View> KeypointRules::Views(const FitProblem& problem) {
  std::vector<View> views = {{problem.camera, problem.pixel_scale}};
  for (const FitView& view : problem.views) {
    views.push_back({view.camera, view.pixel_scale, view.rotation, view.translation});
  }
  return views;
}

int KeypointRules::CountObserved(const FitProblem& problem) const {
  std::set<int> observed;
  const auto add = [&](const VecX& confidence) {
    for (int i : Observed(confidence, Part::kBody)) {
      observed.insert(options_.merge_duplicate_joints ? distinct_of_[i] : i);
    }
  };
  add(problem.confidence);
  add(problem.points3D_confidence);
  for (const FitView& view : problem.views) add(view.confidence);
  return static_cast<int>(observed.size());
}

VecX KeypointRules::Errors(const FitProblem& problem, const Points3& joints) const {
  VecX errors = VecX::Constant(kNumSpinJoints, std::numeric_limits<double>::quiet_NaN());
  for (int i = 0; i < kNumSpinJoints; ++i) {
    if (!Has(problem.confidence, i)) continue;
    const Vec2 pixel = problem.camera.Project(joints.row(distinct_of_[i]).transpose());
    errors[i] = (pixel - problem.keypoints_px.row(i).transpose()).norm();
  }
  return errors;
}

double KeypointRules::SpinScore(const FitProblem& problem, const Points3& joints) const {
  const double sigma2 = kScoreSigmaPx * kScoreSigmaPx;
  double sum = 0;
  for (int i = 0; i < kNumSpinJoints; ++i) {
    if (!Has(problem.confidence, i) || ignored_[i]) continue;
    const double c = problem.confidence[i];
    const Vec2 pixel = problem.camera.Project(joints.row(distinct_of_[i]).transpose());
    const Vec2 e = problem.pixel_scale * (pixel - problem.keypoints_px.row(i).transpose());
    for (double s : {e.x() * e.x(), e.y() * e.y()}) sum += c * c * sigma2 * s / (sigma2 + s);
  }
  return sum / kNumSpinJoints;
}

}  // namespace gyre
