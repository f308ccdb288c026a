// SPDX-License-Identifier: Apache-2.0
// The joint registry: every joint has a name, a source and a mirror partner, and every keypoint set
// is a list of names. No other file knows a bare joint index.
//
// A joint's source is a kinematic joint of the body (by its name in the BodyLayout), a landmark
// vertex, a point of the face, or a row of the extra regressor (SPIN's nine joints). A body need not
// have all of them. Names are unique, sources are not: "OP RWrist", "Right Wrist" and
// "SMPL R_Wrist" are one point under three names, because SPIN keeps OpenPose's detections and the
// annotators' joints apart. "OP RHip" (SMPL's hip joint) and "Right Hip" (the annotators' hip,
// regressed) are two points.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "body/body_model.h"

namespace gyre {

// The landmarks, in the order of BodyModel::landmark_vertices, by the names that smplx gives them
// (and body files in their landmark_names).
inline constexpr std::array<std::string_view, kNumLandmarks> kLandmarkNames = {
    "nose",  "reye",    "leye",      "rear",   "lear",    "LBigToe", "LSmallToe",
    "LHeel", "RBigToe", "RSmallToe", "RHeel",  "lthumb",  "lindex",  "lmiddle",
    "lring", "lpinky",  "rthumb",    "rindex", "rmiddle", "rring",   "rpinky"};

// SMPL's vertices for them, valid for its 6890-vertex mesh only.
inline constexpr int kSmplVertices = 6890;
inline constexpr std::array<int, kNumLandmarks> kSmplLandmarkVertices = {
    332,  6260, 2800, 4071, 583,  3216, 3226, 3387, 6617, 6624, 6787,
    2746, 2319, 2445, 2556, 2673, 6191, 5782, 5905, 6016, 6133};

// The kinematic joints that registered joints can name: SMPL's in its order, and those that SMPL+H
// and SMPL-X add.
std::span<const std::string> BoneNames();

enum class JointSource { kKinematic, kLandmark, kExtraRegressor, kFace };

struct JointInfo {
  std::string_view name;
  JointSource source;
  int source_idx;           // in BoneNames() or kLandmarkNames, regressor row, or iBUG's point
  std::string_view mirror;  // its partner's name; its own on the body's midline
};

// The registered joint of that name; GYRE_CHECK fails for an unknown name.
const JointInfo& FindJoint(std::string_view name);
std::span<const JointInfo> AllJoints();
// The position of a kinematic joint in a body's layout; -1 when the body has none, and for joints
// of other sources.
int KinematicJoint(const BodyLayout& layout, const JointInfo& joint);
// Whether a body has the joint, or what stands in for it (model_joints.h).
bool HasJoint(const BodyModel& model, const JointInfo& joint);

struct KeypointSet {
  std::string_view name;  // "spin49", "coco17", "body25", "lsp14", "mpii16", "h36m17", "smpl24"
  std::vector<std::string_view> joints;  // registered names in the set's order

  int size() const { return static_cast<int>(joints.size()); }
  int IndexOf(std::string_view joint) const;   // -1 when the set does not hold it
  std::vector<int> MirrorPermutation() const;  // position of each joint's partner
};

// UserError lists the sets there are.
const KeypointSet& FindKeypointSet(std::string_view name);
std::vector<std::string_view> KeypointSetNames();

inline constexpr int kNumSpinJoints = 49;
inline constexpr int kNumOpenPoseJoints = 25;  // of them, positions 0..24: BODY_25
inline constexpr int kNumSupersetJoints = 24;  // and 25..48: what people annotated
const KeypointSet& SpinJoints();

// Where joint i of `source` goes among SPIN's 49 when keypoints are read; -1 where nothing matches.
// As in SPIN's own data files, BODY_25 fills positions 0..24, and what people annotated (LSP, MPII,
// COCO, H36M) the superset 25..48: COCO's and MPII's hips are the annotators' "Right Hip", not
// OpenPose's "OP RHip". A joint without a namesake (of smpl24) goes to the position that shares its
// source, in the superset if there is one.
std::vector<int> SpinPositionsOf(const KeypointSet& source);

// The 14 common joints of SPIN's 3D protocols as positions in SPIN's 49: LSP's order, except that
// the last is H36M's head and not LSP's top of the head.
std::vector<int> Lsp14InSpin();

}  // namespace gyre
