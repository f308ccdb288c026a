// SPDX-License-Identifier: Apache-2.0
#include "fitting/hypotheses.h"

#include <algorithm>
#include <numbers>

#include "core/so3.h"

namespace gyre {

bool IsUninformed(const BodyParams& start, const LayoutPrior& prior) {
  constexpr double kSameRad = 1e-3;
  const LayoutPrior::Pose offset = prior.PoseOf(start) - prior.Mean();
  return (offset.array().abs() < kSameRad).all();
}

BodyParams TurnedAround(const BodyParams& params) {
  BodyParams turned = params;
  turned.rotation(0) = LogSO3(ExpSO3(params.rotation(0)) * ExpSO3({0, std::numbers::pi, 0}));
  return turned;
}

// With S = diag(1, 1, -1), bones b with S b = b and rotations S R S, every joint becomes S times
// what it was. S R S turns about the axis (-x, -y, z).
BodyParams MirroredInDepth(const BodyParams& params) {
  BodyParams mirrored = params;
  for (int k = 0; k < params.num_joints(); ++k) {
    mirrored.rotation(k) = params.rotation(k).cwiseProduct(Vec3(-1, -1, 1));
  }
  return mirrored;
}

// With S = diag(1, 1, -1), world rotations W of the limb become S W S: bones b with S b = b then
// point to S W b. Those of joints behind the first follow, S R S, since all before them do.
BodyParams WithLimbMirrored(const BodyParams& params, const BodyLayout& layout,
                            std::span<const int> limb) {
  const Mat3 mirror = Vec3(1, 1, -1).asDiagonal();
  Mat3 above = Mat3::Identity();
  for (int k = layout.parents[limb[0]]; k >= 0; k = layout.parents[k]) {
    above = ExpSO3(params.rotation(k)) * above;
  }
  BodyParams mirrored = params;
  const Mat3 world = above * ExpSO3(params.rotation(limb[0]));
  mirrored.rotation(limb[0]) = LogSO3(above.transpose() * mirror * world * mirror);
  for (const int k : limb.subspan(1)) {
    mirrored.rotation(k) = params.rotation(k).cwiseProduct(Vec3(-1, -1, 1));
  }
  return mirrored;
}

BodyParams WithJointsMirrored(const BodyParams& params, const BodyLayout& layout,
                              std::span<const int> joints) {
  const Mat3 mirror = Vec3(1, 1, -1).asDiagonal();
  std::vector<Mat3> before(params.num_joints()), after(params.num_joints());
  BodyParams mirrored = params;
  for (int k = 0; k < params.num_joints(); ++k) {
    const int parent = layout.parents[k];
    const Mat3 rotation = ExpSO3(params.rotation(k));
    before[k] = parent < 0 ? rotation : Mat3(before[parent] * rotation);
    const bool is_mirrored = std::ranges::binary_search(joints, k);
    after[k] = is_mirrored ? Mat3(mirror * before[k] * mirror) : before[k];
    const bool parent_is_mirrored = parent >= 0 && after[parent] != before[parent];
    if (!is_mirrored && !parent_is_mirrored) continue;
    mirrored.rotation(k) =
        LogSO3(parent < 0 ? after[k] : Mat3(after[parent].transpose() * after[k]));
  }
  return mirrored;
}

BodyParams WithPartsOf(const BodyParams& other, const BodyLayout& layout,
                       std::span<const int> pivots, BodyParams body) {
  const size_t count = layout.parents.size();
  std::vector<bool> below(count, false);
  std::vector<Mat3> there(count), here(count);
  for (size_t k = 0; k < count; ++k) {
    const int parent = layout.parents[k], joint = static_cast<int>(k);
    const auto in_space = [&](const std::vector<Mat3>& of, const BodyParams& params) -> Mat3 {
      const Mat3 rotation = ExpSO3(params.rotation(joint));
      return parent < 0 ? rotation : of[parent] * rotation;
    };
    const auto is_pivot = [&](int of) { return std::ranges::find(pivots, of) != pivots.end(); };
    there[k] = in_space(there, other);
    below[k] = parent >= 0 && (below[parent] || is_pivot(parent));
    if (below[k]) {
      body.rotation(joint) = other.rotation(joint);
    } else if (parent >= 0 && is_pivot(joint)) {
      body.rotation(joint) = LogSO3(here[parent].transpose() * there[k]);
    }
    here[k] = in_space(here, body);
  }
  body.expression() = other.expression();
  return body;
}

std::vector<BodyParams> MakeHypotheses(const BodyParams& start, Hypotheses hypotheses,
                                       const LayoutPrior& prior) {
  std::vector<BodyParams> starts = {start};
  const bool uninformed = IsUninformed(start, prior);
  if (hypotheses == Hypotheses::kStartOnly ||
      (hypotheses == Hypotheses::kUninformed && !uninformed)) {
    return starts;
  }
  for (const LayoutPrior::Component& component : prior.components()) {
    BodyParams& typical = starts.emplace_back(start);
    prior.SetPose(component.mean, &typical);
  }
  const size_t count = starts.size();
  for (size_t i = 0; i < count; ++i) starts.push_back(TurnedAround(starts[i]));
  if (!uninformed) starts.push_back(MirroredInDepth(start));
  return starts;
}

}  // namespace gyre
