// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/body_velocity.h"

#include <limits>
#include <vector>

#include "body/anatomy.h"
#include "metrics/protocol.h"

namespace gyre {
namespace {

// Of SPIN's 49.
struct MeasuredJoints {
  std::vector<int> joints, root;

  MeasuredJoints() {
    for (const std::string& name : FindProtocol("synthetic").joints) {
      joints.push_back(SpinJoints().IndexOf(name));
    }
    for (const int side : {0, 1}) root.push_back(SpinJoints().IndexOf(kAnnotatedTorso[side]));
  }
};

// SPIN's 49 where they are known, NaN elsewhere.
Points3 TruthOf(const Person& sample, const EvaluationBody& body) {
  if (sample.params) return body.Joints(*sample.params);
  const SpaceJoints& known = *sample.joints3d;
  const std::vector<int> rows = PositionsIn(*known.set, SpinJoints());
  Points3 truth = Points3::Constant(static_cast<Eigen::Index>(rows.size()), 3,
                                    std::numeric_limits<double>::quiet_NaN());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0 || !(known.confidence[rows[i]] > 0)) continue;
    truth.row(static_cast<Eigen::Index>(i)) = known.m.row(rows[i]);
  }
  return truth;
}

}  // namespace

std::optional<ClipFrame> ClipFrameOf(const Person& sample, const BodyParams& params,
                                     const EvaluationBody& body) {
  if (sample.track < 0 || (!sample.params && !sample.joints3d)) return std::nullopt;
  static const MeasuredJoints measured;
  const Points3 said = body.Joints(params), truth = TruthOf(sample, body);
  const auto root = [](const Points3& joints) -> Vec3 {
    return joints(measured.root, Eigen::all).colwise().mean().transpose();
  };
  ClipFrame frame;
  frame.clip = sample.track;
  frame.frame = sample.frame;
  frame.said = said(measured.joints, Eigen::all);
  frame.truth = truth(measured.joints, Eigen::all);
  frame.visibility = VecX::Ones(frame.truth.rows());  // what is not finite does not count
  frame.said_root = root(said);
  frame.root = root(truth);
  return frame;
}

void BodyVelocity::Add(const Person& sample, int set_idx, const BodyParams& params) {
  std::optional<ClipFrame> frame = ClipFrameOf(sample, params, *body_);
  if (!frame || !frame->root.allFinite()) return;
  ClipFrame& last = last_[{set_idx, sample.track}];
  if (last.said.rows() > 0 && frame->frame == last.frame + 1) {
    errors_mm_.Add(VelocityErrorMm(last, *frame));
  }
  last = std::move(*frame);
}

}  // namespace gyre
