// SPDX-License-Identifier: Apache-2.0
#include "person/keypoints.h"

#include <algorithm>
#include <array>

#include "body/anatomy.h"
#include "core/error.h"

namespace gyre {

Keypoints::Keypoints(const KeypointSet& of)
    : set(&of), px(Points2::Zero(of.size(), 2)), confidence(VecX::Zero(of.size())) {}

int Keypoints::NumObserved() const { return static_cast<int>((confidence.array() > 0).count()); }

SpaceJoints::SpaceJoints(const KeypointSet& of)
    : set(&of), m(Points3::Zero(of.size(), 3)), confidence(VecX::Zero(of.size())) {}

const KeypointSet& SpaceSetOf(const KeypointSet& set) {
  return &set == &SpinJoints() ? FindKeypointSet("superset24") : set;
}

KeypointConversion::KeypointConversion(const KeypointSet& source, const KeypointSet& target)
    : source_(&source), target_(&target) {
  const std::vector<int> positions = PositionsIn(target, source);
  for (int i = 0; i < source.size(); ++i) {
    if (positions[i] >= 0) moves_.push_back({i, positions[i]});
  }
  std::stable_partition(moves_.begin(), moves_.end(), [&](const Move& move) {
    return source.joints[move.from] == target.joints[move.to];
  });
}

Keypoints KeypointConversion::operator()(const Keypoints& keypoints) const {
  GYRE_CHECK(keypoints.set == source_ && keypoints.size() == source_->size());
  Keypoints out(*target_);
  for (const auto& [from, to] : moves_) {
    const double confidence = keypoints.confidence[from];
    if (confidence <= 0 || out.confidence[to] != 0) continue;
    out.px.row(to) = keypoints.px.row(from);
    out.confidence[to] = confidence;
  }
  return out;
}

SpaceJoints JointsInSet(const SpaceJoints& joints, const KeypointSet& target) {
  if (joints.set == &target) return joints;
  SpaceJoints out(target);
  out.placed = joints.placed;
  const std::vector<int> positions = PositionsIn(target, *joints.set);
  for (int i = 0; i < joints.size(); ++i) {
    if (positions[i] < 0 || joints.confidence[i] == 0) continue;
    out.m.row(positions[i]) = joints.m.row(i);
    out.confidence[positions[i]] = joints.confidence[i];
  }
  return out;
}

const std::vector<int>& MirrorOf(const KeypointSet& set) {
  static PerSet<std::vector<int>> mirrors(&KeypointSet::MirrorPermutation);
  return mirrors.Of(set);
}

const std::vector<int>& LimbsExchangedIn(const KeypointSet& set, Limbs limbs) {
  using Permutations = std::array<std::vector<int>, 3>;
  static PerSet<Permutations> permutations([](const KeypointSet& of) {
    return Permutations{WithLimbsExchanged(of, Limbs::kNone), WithLimbsExchanged(of, Limbs::kArms),
                        WithLimbsExchanged(of, Limbs::kLegs)};
  });
  return permutations.Of(set)[static_cast<size_t>(limbs)];
}

}  // namespace gyre
