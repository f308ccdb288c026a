// SPDX-License-Identifier: Apache-2.0
// The joint registry: every joint has a name, a source and a mirror partner, and every keypoint set
// is a list of names. No other file knows a bare joint index.
//
// A joint's source is a kinematic joint of the body, a landmark vertex, or a row of the extra
// regressor (SPIN's nine joints). Names are unique: "OP RHip" (OpenPose's, SMPL's hip joint) and
// "Right Hip" (the annotators' hip, regressed) are two joints.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "body/body_model.h"

namespace gyre {

enum class JointSource { kKinematic, kLandmark, kExtraRegressor };

struct JointInfo {
  std::string_view name;
  JointSource source;
  int source_idx;           // kinematic joint, landmark or regressor row
  std::string_view mirror;  // its partner's name; its own on the body's midline
};

// The registered joint of that name; GYRE_CHECK fails for an unknown name.
const JointInfo& FindJoint(std::string_view name);
std::span<const JointInfo> AllJoints();

struct KeypointSet {
  std::string_view name;                 // "spin49", "coco17", "body25", "lsp14", "mpii16", "h36m17", "smpl24"
  std::vector<std::string_view> joints;  // registered names in the set's order

  int size() const { return static_cast<int>(joints.size()); }
  int IndexOf(std::string_view joint) const;  // -1 when the set does not hold it
  std::vector<int> MirrorPermutation() const; // position of each joint's partner
};

// UserError lists the sets there are.
const KeypointSet& FindKeypointSet(std::string_view name);
std::vector<std::string_view> KeypointSetNames();

inline constexpr int kNumSpinJoints = 49;
const KeypointSet& SpinJoints();

// Where joint i of `source` goes among SPIN's 49 when keypoints are read: the positions that receive
// it (COCO's hip goes to "OP LHip", LSP's to "Left Hip"). -1 where nothing matches.
std::vector<int> SpinPositionsOf(const KeypointSet& source);

// The 14 common joints of the evaluation protocols (LSP's order) as positions in SPIN's 49.
std::vector<int> Lsp14InSpin();

}  // namespace gyre
