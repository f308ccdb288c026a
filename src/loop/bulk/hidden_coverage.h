// SPDX-License-Identifier: Apache-2.0
// Whether fits know how little they know of joints that they were not shown: how often those are
// where the fits' covariances have them.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "body/kinematics.h"
#include "fitting/fit_problem.h"
#include "metrics/coverage.h"
#include "person/person.h"

namespace gyre {

// How often the truth lies in the regions of 68 % and 95 %, and how far off it is and is said to
// be, of all joints and of each kind ("Knee").
class CoverageByJoint {
 public:
  template <int N>
  void Add(const std::string& kind, const Eigen::Matrix<double, N, 1>& error,
           const Eigen::Matrix<double, N, N>& covariance, double unit) {
    all_.Add<N>(error, covariance, unit);
    by_kind_[kind].Add<N>(error, covariance, unit);
  }
  const Coverage& all() const { return all_; }
  nlohmann::json ToJson() const;

 private:
  Coverage all_;
  std::map<std::string, Coverage> by_kind_;
};

class HiddenCoverage {
 public:
  // `annotators`: one standard deviation per axis by which annotators differ, as a share of the
  // side of the box around all of a person's joints.
  HiddenCoverage(const BodyModel& body, double annotators);

  // A person of whom joints were held out (Person::held_out; each counts once, whatever its names),
  // and their fit, with its uncertainty. In the image against where the keypoints are, units of
  // Person::held_out_unit_px; in space, where the body is known, against that, metres: joints less
  // the pelvis, and in the camera's frame.
  void Add(const Person& person, const Camera& camera, const FitResult& fit);
  // The same person fitted with all that is known: how the rotations of hips and knees differ.
  void AddFull(const FitResult& fit, const FitResult& full);

  nlohmann::json ToJson() const;
  const CoverageByJoint& image() const { return image_; }
  const CoverageByJoint& space() const { return space_; }

 private:
  FoldedJoints skeleton_;
  double annotators_;
  int64_t persons_ = 0;
  CoverageByJoint image_, space_;
  Meter turned_deg_, stated_deg_;
};

}  // namespace gyre
