// SPDX-License-Identifier: Apache-2.0
// Which of SPIN's 49 keypoints and 3D joints a stage explains, and with what weight.
#pragma once

#include <array>
#include <vector>

#include "body/joints.h"
#include "fitting/fit_options.h"
#include "fitting/fit_problem.h"
#include "fitting/residuals.h"

namespace gyre {

// SPIN's 49 keypoints name some joints of the body twice (OpenPose's and the annotators' wrist).
class KeypointRules {
 public:
  KeypointRules(const FitOptions& options, const BodyModel& body);

  // Each joint of the body once: the set to fold, and where each of the 49 keypoints is in it.
  const KeypointSet& distinct_joints() const { return distinct_; }
  // -1 when the body has no such joint (a landmark that its file doesn't name); no stage uses it.
  int DistinctOf(int keypoint) const { return distinct_of_[keypoint]; }

  // The torso stage's observations. SPIN: OpenPose's hips and shoulders when all four are observed,
  // else the superset's, observed or not. Ours: both kinds by confidence; with the fall-back, all
  // observed joints when fewer than three joints of the torso are seen (two leave the trunk's turn
  // about their line open). Further cameras always follow our rule.
  std::vector<Observation> Torso(const FitProblem& problem) const;
  std::vector<PointObservation> TorsoPoints(const FitProblem& problem) const;
  // The body stage's: what is observed and not ignored.
  std::vector<Observation> Body(const FitProblem& problem) const;
  std::vector<PointObservation> BodyPoints(const FitProblem& problem) const;
  // The cameras that observations name, the first one's at 0.
  static std::vector<View> Views(const FitProblem& problem);

  // The joints that the body stage observes, by whatever camera or in space.
  int CountObserved(const FitProblem& problem) const;

  // |e| in pixels of the problem's first camera for each of the 49 keypoints, NaN where not
  // observed. `joints` [distinct,3].
  VecX Errors(const FitProblem& problem, const Points3& joints) const;
  // sum over keypoints of c^2 gm(e_x) + c^2 gm(e_y), over 49: SPIN's score.
  double SpinScore(const FitProblem& problem, const Points3& joints) const;

 private:
  bool Has(const VecX& confidence, int keypoint) const {
    return confidence.size() > 0 && confidence[keypoint] > 0 && distinct_of_[keypoint] >= 0;
  }
  enum class Part { kTorso, kBody };
  Part TorsoPart(const FitProblem& problem) const;  // what the torso stage explains
  std::vector<int> Observed(const VecX& confidence, Part part) const;
  std::vector<Observation> SpinTorso(const PersonKeypoints& camera) const;
  std::vector<Observation> SeenBy(const PersonKeypoints& camera, int view, Part part) const;
  std::vector<Observation> Seen(const FitProblem& problem, Part part) const;  // by all cameras
  std::vector<PointObservation> Points(const FitProblem& problem, Part part) const;
  template <class T, class Place>
  std::vector<T> Merged(std::vector<T> observations, Place T::*place, double within) const;

  FitOptions options_;
  KeypointSet distinct_;
  std::array<int, kNumSpinJoints> distinct_of_{};
  std::array<bool, kNumSpinJoints> ignored_{};
  std::array<int, 4> openpose_torso_{}, superset_torso_{};
};

}  // namespace gyre
