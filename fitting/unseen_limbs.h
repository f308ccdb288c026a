// SPDX-License-Identifier: Apache-2.0
// Which limbs of a person nothing tells of, and where they rest.
#pragma once

#include <vector>

#include "body/body_params.h"
#include "body/kinematics.h"
#include "fitting/observations.h"
#include "fitting/posterior.h"
#include "fitting/terms/angle_prior.h"

namespace gyre {

class UnseenLimbs {
 public:
  // `joints` are those that observations name.
  UnseenLimbs(const BodyModel& body, const FoldedJoints& joints);

  // Whether an elbow, wrist, knee or ankle of the body is observed hardly or not at all.
  bool AnyHidden(const Observations& observed) const;

  // The kinematic joints of limbs that bend where no observation depends on it: an elbow or knee
  // that turns nothing observed, the joints on the way to it that do neither, and all below them.
  // Ascending; none when all elbows and knees turn something that is seen, whatever is not known of
  // hands and feet.
  std::vector<int> Unobserved(const Observations& observed) const;

  // `params` with the rotations of those joints as in the mean of the posterior, and elbows and
  // knees among them not bent backwards.
  BodyParams AtRest(const Posterior& posterior, const std::vector<int>& unobserved,
                    const BodyParams& params) const;

 private:
  std::vector<int> parents_;
  std::vector<AnglePriorEntry> hinges_;
  // Of each of the joints: the kinematic ones that turn it by more than a little.
  std::vector<std::vector<int>> chains_;
  std::vector<std::vector<int>> limbs_;   // elbows and so on: which of the joints are at its point
};

}  // namespace gyre
