// SPDX-License-Identifier: Apache-2.0
#include "fitting/observations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>

#include "body/anatomy.h"

namespace gyre {
namespace {

bool Sees(const VecX& confidence, int keypoint) {
  return keypoint >= 0 && confidence.size() > 0 && confidence[keypoint] > 0;
}

}  // namespace

KeypointRules::KeypointRules(const FitOptions& options, const BodyModel& body,
                             const KeypointSet& set)
    : options_(options), set_(set), distinct_of_(set.size(), -1), ignored_(set.size(), false) {
  distinct_.name = "distinct joints";
  for (int i = 0; i < set.size(); ++i) {
    const std::string_view name = set.joints[i];
    const JointInfo& info = FindJoint(name);
    part_of_.push_back(PartOf(info));
    if (!HasJoint(body, info)) continue;
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
  for (size_t i = 0; i < kOpenPoseTorso.size(); ++i) {
    torso_.push_back({set.IndexOf(kOpenPoseTorso[i]), set.IndexOf(kAnnotatedTorso[i])});
  }
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
    for (const auto name : {&TorsoJoint::openpose, &TorsoJoint::superset}) {
      for (const TorsoJoint& joint : torso_) {
        if (joint.*name >= 0 && Has(confidence, joint.*name)) keypoints.push_back(joint.*name);
      }
    }
    return keypoints;
  }
  const std::array<bool, 4> unsure = UnsureParts(confidence);
  for (int i = 0; i < set_.size(); ++i) {
    if (!Has(confidence, i) || ignored_[i] || unsure[static_cast<size_t>(part_of_[i])]) continue;
    keypoints.push_back(i);
  }
  return keypoints;
}

std::array<bool, 4> KeypointRules::UnsureParts(const VecX& confidence) const {
  std::array<bool, 4> unsure{};
  if (options_.min_part_confidence == 0 || confidence.size() == 0) return unsure;
  std::array<double, 4> sum{}, count{};
  for (int i = 0; i < set_.size(); ++i) {
    if (distinct_of_[i] < 0) continue;
    sum[static_cast<size_t>(part_of_[i])] += std::max(confidence[i], 0.0);
    count[static_cast<size_t>(part_of_[i])] += 1;
  }
  for (const PersonPart part : {PersonPart::kLeftHand, PersonPart::kRightHand, PersonPart::kFace}) {
    const auto p = static_cast<size_t>(part);
    unsure[p] = sum[p] < options_.min_part_confidence * count[p];
  }
  return unsure;
}

std::vector<Observation> KeypointRules::SeenBy(const PersonKeypoints& camera, int view,
                                               Part part) const {
  std::vector<Observation> seen;
  for (int i : Observed(camera.confidence, part)) {
    const PersonPart part_of = part_of_[i];
    const double weight = part_of == PersonPart::kBody   ? 1
                          : part_of == PersonPart::kFace ? options_.face_weight
                                                         : options_.hand_weight;
    seen.push_back({distinct_of_[i], camera.keypoints_px.row(i).transpose(),
                    weight * camera.confidence[i], view,
                    part_of == PersonPart::kBody ? 1 : options_.part_sigma_scale});
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
  int seen = 0;
  for (const TorsoJoint& joint : torso_) {
    const auto observes = [&](const VecX& confidence) {
      return Sees(confidence, joint.openpose) || Sees(confidence, joint.superset);
    };
    seen += observes(problem.confidence) || observes(problem.points3D_confidence) ||
            std::any_of(problem.views.begin(), problem.views.end(),
                        [&](const FitView& view) { return observes(view.confidence); });
  }
  return seen < 3 ? Part::kBody : Part::kTorso;
}

std::vector<Observation> KeypointRules::SpinTorso(const PersonKeypoints& camera) const {
  const bool openpose = std::all_of(torso_.begin(), torso_.end(), [&](const TorsoJoint& joint) {
    return Sees(camera.confidence, joint.openpose);
  });
  std::vector<Observation> torso;
  for (const TorsoJoint& joint : torso_) {
    const int i = openpose ? joint.openpose : joint.superset;
    if (i < 0 || distinct_of_[i] < 0) continue;
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

Observations KeypointRules::Compile(const FitProblem& problem) const {
  Observations compiled;
  compiled.views = {{problem.camera, problem.pixel_scale}};
  for (const FitView& view : problem.views) {
    compiled.views.push_back({view.camera, view.pixel_scale, view.rotation, view.translation});
  }
  const Part torso = TorsoPart(problem);
  compiled.torso = Seen(problem, torso);
  compiled.torso_points = Points(problem, torso);
  compiled.body = Seen(problem, Part::kBody);
  compiled.body_points = Points(problem, Part::kBody);
  return compiled;
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
  VecX errors = VecX::Constant(set_.size(), std::numeric_limits<double>::quiet_NaN());
  for (int i = 0; i < set_.size(); ++i) {
    if (!Has(problem.confidence, i)) continue;
    const Vec2 pixel = problem.camera.Project(joints.row(distinct_of_[i]).transpose());
    errors[i] = (pixel - problem.keypoints_px.row(i).transpose()).norm();
  }
  return errors;
}

double KeypointRules::SpinScore(const FitProblem& problem, const Points3& joints) const {
  const double sigma2 = kScoreSigmaPx * kScoreSigmaPx;
  double sum = 0;
  for (int i = 0; i < set_.size(); ++i) {
    if (!Has(problem.confidence, i) || ignored_[i]) continue;
    const double c = problem.confidence[i];
    const Vec2 pixel = problem.camera.Project(joints.row(distinct_of_[i]).transpose());
    const Vec2 e = problem.pixel_scale * (pixel - problem.keypoints_px.row(i).transpose());
    for (double s : {e.x() * e.x(), e.y() * e.y()}) sum += c * c * sigma2 * s / (sigma2 + s);
  }
  return sum / set_.size();
}

}  // namespace gyre
