// SPDX-License-Identifier: Apache-2.0
// Motion capture in Biovision's BVH format: a skeleton at rest and the channels of every frame.
//
// A node's world transform at a frame, with R the product of its rotation channels in file order
// (each about the node's own axis, so the first one listed is the outermost):
//   R_n^world = R_parent^world R_n,   x_n = x_parent + R_parent^world o_n
// o_n is the node's OFFSET; position channels, where a node has them, replace it axis by axis (as
// motion capture tools write roots and six-channel joints). At rest every R is the identity.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace gyre {

enum class BvhChannel { kXPosition, kYPosition, kZPosition, kXRotation, kYRotation, kZRotation };

struct BvhNode {
  std::string name;                  // of an End Site: its parent's name and " end"
  int parent = -1;                   // a position in BvhClip::nodes, before this one; -1: the root
  Vec3 offset = Vec3::Zero();        // from the parent, in the file's unit of length
  std::vector<BvhChannel> channels;  // in file order; none for an End Site
  int first_channel = 0;             // column of BvhClip::motion
  bool is_end_site = false;
};

struct BvhClip {
  std::string name;            // the file it was read from
  std::vector<BvhNode> nodes;  // in file order, the root first
  RowMatX motion;              // [frames, channels]: lengths in the file's unit, angles in degrees
  double frame_time = 0;       // seconds

  int num_frames() const { return static_cast<int>(motion.rows()); }
  int IndexOf(std::string_view node) const;  // -1 when there is none of that name
};

// UserError names the file, the line and what was expected there.
BvhClip ReadBvh(const std::filesystem::path& path);
// `content` is a whole BVH file; `what` names it in errors.
BvhClip ParseBvh(std::string_view content, const std::string& what);

// The file that ParseBvh reads as this clip: lengths and angles to six decimals.
void WriteBvh(const std::filesystem::path& path, const BvhClip& clip);

struct BvhPose {
  std::vector<Mat3> rotations;  // world from node
  Points3 positions;            // [nodes, 3]
};

BvhPose ForwardKinematics(const BvhClip& clip, int frame);
BvhPose RestPose(const BvhClip& clip);

}  // namespace gyre
