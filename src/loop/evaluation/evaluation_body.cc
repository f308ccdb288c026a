// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/evaluation_body.h"

#include <limits>

namespace gyre {
namespace {

std::vector<int> PositionsOnBody(const BodyModel& model) {
  std::vector<int> positions;
  for (int i = 0; i < SpinJoints().size(); ++i) {
    if (HasJoint(model, FindJoint(SpinJoints().joints[i]))) positions.push_back(i);
  }
  return positions;
}

KeypointSet SetAt(const std::vector<int>& positions) {
  KeypointSet set;
  set.name = "spin49-evaluated";
  for (const int i : positions) set.joints.push_back(SpinJoints().joints[i]);
  return set;
}

}  // namespace

EvaluationBody::EvaluationBody(const BodyModel& model)
    : model_(&model), positions_(PositionsOnBody(model)), joints_(model, SetAt(positions_)) {}

Points3 EvaluationBody::Joints(const BodyParams& params) const {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Points3 joints = Points3::Constant(SpinJoints().size(), 3, kNaN);
  joints(positions_, Eigen::all) = joints_.Positions(params);
  return joints;
}

}  // namespace gyre
