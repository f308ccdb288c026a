// SPDX-License-Identifier: Apache-2.0
#include "person/hold_out.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "body/anatomy.h"
#include "core/rng.h"

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

const std::vector<LimbPositions>& LimbsOf(const KeypointSet& set) {
  static PerSet<std::vector<LimbPositions>> cache(FindLimbs);
  return cache.Of(set);
}

bool IsObserved(const LimbPositions& limb, const Keypoints& keypoints) {
  return std::ranges::any_of(limb.names, [&](int i) { return keypoints.Observed(i); });
}

void KeepBack(const LimbPositions& limb, Person* person) {
  Keypoints& keypoints = person->keypoints;
  for (const int i : limb.tell_tales) keypoints.confidence[i] = 0;
  for (const int i : limb.names) {
    if (keypoints.Observed(i)) person->held_out.push_back(i);
    keypoints.confidence[i] = 0;
  }
}

// Nor may the box tell where what was kept back is: it follows the bounds of what is left. `all`:
// around what there was.
void ShrinkBox(const std::optional<Box>& all, Person* person) {
  const auto left = BoxAroundPoints(person->keypoints.px, person->keypoints.confidence, 1);
  if (!all || !left) return;
  const double ratio = left->side_px / all->side_px;
  person->box = {left->center_px + ratio * (person->box.center_px - all->center_px),
                 ratio * person->box.side_px};
}

}  // namespace

void HoldOutLimbJoints(int count, uint64_t seed, Person* person) {
  const Keypoints& keypoints = person->keypoints;
  person->held_out_unit_px = person->box.side_px;
  if (count <= 0) return;
  std::vector<const LimbPositions*> candidates;
  for (const LimbPositions& limb : LimbsOf(*keypoints.set)) {
    if (IsObserved(limb, keypoints)) candidates.push_back(&limb);
  }
  const auto all = BoxAroundPoints(keypoints.px, keypoints.confidence, 1);
  Rng rng(seed, RngStream::kNoise, /*epoch=*/1, static_cast<uint64_t>(person->index));
  for (; count > 0 && !candidates.empty(); --count) {
    const auto chosen = candidates.begin() + static_cast<int64_t>(rng.Below(candidates.size()));
    KeepBack(**chosen, person);
    candidates.erase(chosen);
  }
  if (!person->held_out.empty()) ShrinkBox(all, person);
}

void HoldOutLegs(HiddenLegs hidden, Person* person) {
  Keypoints& keypoints = person->keypoints;
  const KeypointSet& set = *keypoints.set;
  person->held_out_unit_px = person->box.side_px;
  const auto all = BoxAroundPoints(keypoints.px, keypoints.confidence, 1);
  for (const LimbPositions& limb : LimbsOf(set)) {
    const int i = limb.names.empty() ? -1 : limb.names.front();
    const bool of_leg =
        i >= 0 && (set.joints[i].ends_with("Knee") || set.joints[i].ends_with("Ankle"));
    if (of_leg) KeepBack(limb, person);
  }
  if (hidden == HiddenLegs::kWithHips) {
    for (const std::string_view hip : kHipPoints) {
      if (const int i = set.IndexOf(hip); i >= 0) keypoints.confidence[i] = 0;
    }
  }
  if (!person->held_out.empty()) ShrinkBox(all, person);
}

}  // namespace gyre
