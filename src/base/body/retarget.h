// SPDX-License-Identifier: Apache-2.0
// Motion capture as poses of SMPL's 24 joints.
//
// A BVH skeleton's nodes are recognised by name. With C the frame of the source's rest pose
// (columns left, up, forward), G_n its world rotation of node n, and A_k the alignment of SMPL's
// joint k with its node n(k), SMPL's world rotations are
//   W_k = C^T G_n(k) A_k,   A_k = S_k C,   pose_k = Log(W_parent(k)^T W_k).
// S_k, the smallest rotation that takes SMPL's resting limb (T-pose) to the source's (hanging arms,
// spread legs, ...), keeps the twist about the limb. S_k = I for trunk, head and collars, whose
// rest is the same in all skeletons, and for feet that rest flat. At rest limbs are straight in
// both, so a limb's rest direction is that of its whole line (hip to ankle, shoulder to wrist): a
// straight source limb gives angles of zero at knee and elbow. Joints that the source lacks share
// the rotation of the spine or neck they belong to; others (hands, missing collars, toes) stay at
// zero. Lengths are not used.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "core/types.h"
#include "io/bvh.h"

namespace gyre {

struct PoseClip {
  std::string name;
  // [frames, 72] axis-angle radians, |w| <= pi per joint. The root takes the body to a world with y
  // up and an arbitrary facing.
  RowMatX poses;
  double fps = 0;
};

// UserError lists the nodes when the skeleton is none that is known.
PoseClip RetargetBvh(const BvhClip& clip);

// Poses in SMPL's own parameters: `poses` [N, 66 or more] as AMASS ships them (SMPL 72, SMPL+H 156,
// SMPL-X 165). The first 66 values (root and 21 body joints) are taken, SMPL's two hand joints are
// zero. Frame rate: `mocap_framerate`, `mocap_frame_rate` or `fps`, otherwise 30. A file written by
// WritePoseClips gives its clips back, any other one clip.
std::vector<PoseClip> ReadPoseClips(const std::filesystem::path& path);

// `poses` [N,72], `clip_names` [C], `clip_idx` [N] (position in clip_names), `fps` [C].
void WritePoseClips(const std::vector<PoseClip>& clips, const std::filesystem::path& path);

// Every *.bvh under the given folders (or files), retargeted, in the order of their sorted paths.
std::vector<PoseClip> RetargetBvhFiles(const std::vector<std::filesystem::path>& folders);

// The pose seen in a mirror: partners swapped, (x, -y, -z). Rows [N,72].
RowMatX MirrorPoses(const RowMatX& poses);

}  // namespace gyre
