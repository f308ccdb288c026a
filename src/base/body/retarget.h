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
// zero. Of lengths only the legs' are used: what the root's path is measured in.
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
  bool fps_known = true;  // else it is a guess
  // [frames,3] metres: where posed points are moved to in that world, so that the pelvis of the
  // built-in body goes the way of the source's, in steps as its legs are long; no rows: not known.
  Points3 transl = Points3(0, 3);
};

// UserError lists the nodes when the skeleton is none that is known.
PoseClip RetargetBvh(const BvhClip& clip);

// Poses in SMPL's own parameters: `poses` [N, 66 or more] or [N, 22 or more, 3] as AMASS ships them
// (SMPL 72, SMPL+H 156, SMPL-X 165 values), or `root_orient` [N,3] and `pose_body` [N,63]. The root
// and 21 body joints are taken, SMPL's two hand joints are zero. Frame rate: `mocap_framerate`,
// `mocap_frame_rate` or `fps`, otherwise 30. `transl` or AMASS's `trans` [N,3], if one is there, is
// where the body is, in the file's own world (AMASS's has z up). A file written by WritePoseClips
// gives its clips back, any other one clip. Other keys are not read.
std::vector<PoseClip> ReadPoseClips(const std::filesystem::path& path);

// The clips of such files, and of those in folders and below them.
struct PoseClipFiles {
  std::vector<PoseClip> clips;
  std::vector<std::string> without_poses, unreadable;  // a sentence for each file passed over
};
// UserError when there is no clip at all.
PoseClipFiles ReadPoseClipFiles(const std::vector<std::filesystem::path>& paths);

// What gyre body pose reads, `pose` [N,72], `betas` [N,10] zero and `transl` [N,3] (zero where it is
// not known), and for readers of motion capture the same as `poses` [N,72], with `clip_names` [C],
// `clip_idx` [N] (position in clip_names), `fps` [C].
void WritePoseClips(const std::vector<PoseClip>& clips, const std::filesystem::path& path);

// Every *.bvh under the given folders (or files), retargeted, in the order of their sorted paths.
std::vector<PoseClip> RetargetBvhFiles(const std::vector<std::filesystem::path>& folders);

// The pose seen in a mirror: partners swapped, (x, -y, -z). Rows [N,72].
RowMatX MirrorPoses(const RowMatX& poses);

}  // namespace gyre
