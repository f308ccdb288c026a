// SPDX-License-Identifier: Apache-2.0
// Which keypoints and 3D joints of a problem a stage explains, and with what weight.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "body/joints.h"
#include "body/whole_body_joints.h"
#include "fitting/fit_options.h"
#include "fitting/fit_problem.h"
#include "fitting/terms/points3d.h"
#include "fitting/terms/reprojection.h"

namespace gyre {

// What a problem's stages explain, compiled from it once.
struct Observations {
  std::vector<View> views;  // the cameras that observations name, the first one's at 0
  std::vector<Observation> torso, body;
  std::vector<PointObservation> torso_points, body_points;
};

// Keypoint sets name some joints of the body twice (SPIN's: OpenPose's and the annotators' wrist).
class KeypointRules {
 public:
  KeypointRules(const FitOptions& options, const BodyModel& body, const KeypointSet& set);

  const KeypointSet& set() const { return set_; }
  // Each joint of the body once: the set to fold, and where each of the keypoints is in it.
  const KeypointSet& distinct_joints() const { return distinct_; }
  // -1 when the body has no such joint (a landmark that its file doesn't name); no stage uses it.
  int DistinctOf(int keypoint) const { return distinct_of_[keypoint]; }

  // The torso stage's observations. SPIN: OpenPose's hips and shoulders when all four are observed,
  // else the superset's, observed or not. Ours: both kinds by confidence; with the fall-back, all
  // observed joints when fewer than three joints of the torso are seen (two leave the trunk's turn
  // about their line open). Further cameras always follow our rule. The body stage's: what is
  // observed and not ignored.
  Observations Compile(const FitProblem& problem) const;

  // The joints that the body stage observes, by whatever camera or in space.
  int CountObserved(const FitProblem& problem) const;

  // |e| in pixels of the problem's first camera for each of the keypoints, NaN where not observed.
  // `joints` [distinct,3].
  VecX Errors(const FitProblem& problem, const Points3& joints) const;
  // sum over keypoints of c^2 gm(e_x) + c^2 gm(e_y), over their number: SPIN's score.
  double SpinScore(const FitProblem& problem, const Points3& joints) const;

 private:
  // A joint of the torso and the two names that a set may have for it: -1 where it has not.
  struct TorsoJoint {
    int openpose, superset;
  };
  enum class Part { kTorso, kBody };

  bool Has(const VecX& confidence, int keypoint) const {
    return confidence.size() > 0 && confidence[keypoint] > 0 && distinct_of_[keypoint] >= 0;
  }
  Part TorsoPart(const FitProblem& problem) const;  // what the torso stage explains
  // By PersonPart, those whose keypoints are too unsure to count.
  std::array<bool, 4> UnsureParts(const VecX& confidence) const;
  std::vector<int> Observed(const VecX& confidence, Part part) const;
  std::vector<Observation> SpinTorso(const PersonKeypoints& camera) const;
  std::vector<Observation> SeenBy(const PersonKeypoints& camera, int view, Part part) const;
  std::vector<Observation> Seen(const FitProblem& problem, Part part) const;  // by all cameras
  std::vector<PointObservation> Points(const FitProblem& problem, Part part) const;
  template <class T, class Place>
  std::vector<T> Merged(std::vector<T> observations, Place T::*place, double within) const;

  FitOptions options_;
  KeypointSet set_, distinct_;
  std::vector<int> distinct_of_;
  std::vector<bool> ignored_;
  std::vector<PersonPart> part_of_;
  std::vector<TorsoJoint> torso_;
};

}  // namespace gyre
