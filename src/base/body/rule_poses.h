// SPDX-License-Identifier: Apache-2.0
// Poses made by rule, of kinds that walking people don't show: sitting, squatting, reaching, hands
// up. Every angle is drawn uniformly, degrees:
//
//              hip      knee     hips     ankle's       trunk    upper arm     elbow
//              flexion  flexion  apart    dorsiflexion  forward  raised by     flexion
//   seated     60..110  60..110  0..30    -15..15       -10..30  0..80         10..120
//   squatting  80..120  90..135  5..40    10..35        10..50   0..100        10..120
//   reaching   0..60    0..40    0..20    -10..15       -10..40  60..160       0..70
//   hands up   -10..15  0..15    0..20    -10..10       -15..15  90..175       0..110
//
// The legs share their flexion up to 10 either way. Who reaches does so with one arm, or with both
// in half of the poses; the other arm hangs. Upper arms point anywhere from sideways to forward,
// turned about themselves by 60 outwards to 40 inwards; of what they are raised above the
// horizontal the collar does a quarter. Trunk, neck and head also turn and bend.
//
// The ranges lie within the norms of the American Academy of Orthopaedic Surgeons (Joint Motion:
// Method of Measuring and Recording, 1965: hip flexion 120 and abduction 45, knee 135, shoulder 180
// and its rotation 70 inwards, 90 outwards, elbow 150); only a squat's ankles, which bear weight,
// bend further than its 20 (Bennell et al., Australian Journal of Physiotherapy 44(3), 1998).
#pragma once

#include <vector>

#include "body/pose_prior.h"
#include "body/retarget.h"
#include "core/enum_names.h"
#include "core/rng.h"

namespace gyre {

enum class RulePose { kSeated, kSquatting, kReaching, kHandsUp };
template <>
struct EnumNames<RulePose> {
  static constexpr NameOf<RulePose> kAll[] = {{RulePose::kSeated, "seated"},
                                              {RulePose::kSquatting, "squatting"},
                                              {RulePose::kReaching, "reaching"},
                                              {RulePose::kHandsUp, "hands up"}};
};

// A pose without its root; wrists, hands and toes stay at zero.
PriorPose DrawRulePose(RulePose kind, Rng& rng);

// For a prior's training: of each kind `clips_per_kind` clips of 60 unrelated poses.
std::vector<PoseClip> MakeRuleClips(int clips_per_kind, uint64_t seed);

}  // namespace gyre
