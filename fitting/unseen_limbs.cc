// SPDX-License-Identifier: Apache-2.0
#include "fitting/unseen_limbs.h"

#include <algorithm>

#include "body/anatomy.h"

namespace gyre {
namespace {

// Of a point that it turns by less, metres per radian, a joint's rotation is not told: annotators'
// hips hang on the thighs by two centimetres.
constexpr double kTellingLever = 0.08;

}  // namespace

UnseenLimbs::UnseenLimbs(const BodyModel& body, const FoldedJoints& joints)
    : parents_(body.layout->parents), hinges_(HingeAngles(*body.layout)) {
  Points3 positions;
  RowMatX jacobian;
  joints.Evaluate(BodyParams(*body.layout), &positions, &jacobian);
  for (int i = 0; i < joints.size(); ++i) {
    std::vector<int>& chain = chains_.emplace_back();
    for (const int k : joints.Chain(i)) {
      if (jacobian.block<3, 3>(3 * i, 3 * k).norm() > kTellingLever) chain.push_back(k);
    }
  }
  for (const LimbJoint& limb : LimbJoints()) {
    const JointInfo& info = FindJoint(limb.names[0]);
    if (!HasJoint(body, info)) continue;
    std::vector<int>& same = limbs_.emplace_back();
    for (int i = 0; i < joints.size(); ++i) {
      const JointInfo& other = FindJoint(joints.set().joints[static_cast<size_t>(i)]);
      if (other.source == info.source && other.source_idx == info.source_idx) same.push_back(i);
    }
  }
}

bool UnseenLimbs::AnyHidden(const Observations& observed) const {
  constexpr double kHardly = 0.1;  // of squared confidence: 0.3 of a single detection
  std::vector<double> seen(chains_.size(), 0);
  for (const Observation& o : observed.body) {
    seen[static_cast<size_t>(o.joint)] += o.weight * o.weight;
  }
  for (const PointObservation& point : observed.body_points) {
    seen[static_cast<size_t>(point.joint)] += 1;
  }
  return std::ranges::any_of(limbs_, [&](const std::vector<int>& same) {
    return std::ranges::all_of(same, [&](int i) { return seen[static_cast<size_t>(i)] < kHardly; });
  });
}

std::vector<int> UnseenLimbs::Unobserved(const Observations& observed) const {
  std::vector<bool> turns(parents_.size(), false);  // something observed
  const auto mark = [&](int joint) {
    for (const int k : chains_[static_cast<size_t>(joint)]) turns[static_cast<size_t>(k)] = true;
  };
  for (const Observation& o : observed.body) mark(o.joint);
  for (const PointObservation& point : observed.body_points) mark(point.joint);
  std::vector<bool> in_limb(parents_.size(), false);
  for (const AnglePriorEntry& hinge : hinges_) {
    for (int k = hinge.pose_idx / 3; k > 0 && !turns[static_cast<size_t>(k)];
         k = parents_[static_cast<size_t>(k)]) {
      in_limb[static_cast<size_t>(k)] = true;
    }
  }
  std::vector<int> unobserved;
  for (size_t k = 1; k < parents_.size(); ++k) {
    in_limb[k] = in_limb[k] || in_limb[static_cast<size_t>(parents_[k])];
    if (in_limb[k]) unobserved.push_back(static_cast<int>(k));
  }
  return unobserved;
}

BodyParams UnseenLimbs::AtRest(const Posterior& posterior, const std::vector<int>& unobserved,
                               const BodyParams& params) const {
  const BodyParams mean = posterior.Mean();
  BodyParams rested = params;
  for (const int k : unobserved) rested.rotation(k) = mean.rotation(k);
  for (const AnglePriorEntry& hinge : hinges_) {
    if (!std::ranges::binary_search(unobserved, hinge.pose_idx / 3)) continue;
    double& angle = rested.values()[hinge.pose_idx];
    if (hinge.sign * angle > 0) angle = 0;
  }
  return rested;
}

}  // namespace gyre
