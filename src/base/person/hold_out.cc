// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include "body/anatomy.h"
#include "core/rng.h"
#include "person/person.h"

namespace gyre {

namespace {

// Positions in a set.
struct LimbPositions {
  std::vector<int> names;  // the joint under all its names
  std::vector<int> tell_tales;
};

std::vector<LimbPositions> FindLimbs(const KeypointSet& set) {
  std::vector<LimbPositions> limbs;
  for (const LimbJoint& limb : LimbJoints()) {
    LimbPositions& found = limbs.emplace_back();
    for (int i = 0; i < set.size(); ++i) {
      const std::string_view name = set.joints[i];
      if (IsSamePoint(FindJoint(name), FindJoint(limb.names[0]))) {
        found.names.push_back(i);
      } else if (std::ranges::any_of(limb.tell_tales,
                                     [&](auto begin) { return name.starts_with(begin); })) {
        found.tell_tales.push_back(i);
      }
    }
  }
  return limbs;
}

}  // namespace

void HoldOutLimbJoints(int count, uint64_t seed, Person* person) {
  Keypoints& keypoints = person->keypoints;
  person->held_out_unit_px = person->box.side_px;
  if (count <= 0) return;
  static PerSet<std::vector<LimbPositions>> cache(FindLimbs);
  const auto observed = [&](int i) { return keypoints.Observed(i); };
  std::vector<const LimbPositions*> candidates;
  for (const LimbPositions& limb : cache.Of(*keypoints.set)) {
    if (std::ranges::any_of(limb.names, observed)) candidates.push_back(&limb);
  }
  const auto all = BoxAroundPoints(keypoints.px, keypoints.confidence, 1);
  Rng rng(seed, RngStream::kNoise, /*epoch=*/1, static_cast<uint64_t>(person->index));
  for (; count > 0 && !candidates.empty(); --count) {
    const auto chosen = candidates.begin() + static_cast<int64_t>(rng.Below(candidates.size()));
    for (const int i : (*chosen)->tell_tales) keypoints.confidence[i] = 0;
    for (const int i : (*chosen)->names) {
      if (observed(i)) person->held_out.push_back(i);
      keypoints.confidence[i] = 0;
    }
    candidates.erase(chosen);
  }
  if (person->held_out.empty()) return;
  // Nor may the box tell where they are: it follows the bounds of those that are left.
  const auto left = BoxAroundPoints(keypoints.px, keypoints.confidence, 1);
  if (!all || !left) return;
  const double ratio = left->side_px / all->side_px;
  person->box = {left->center_px + ratio * (person->box.center_px - all->center_px),
                 ratio * person->box.side_px};
}

}  // namespace gyre
