// SPDX-License-Identifier: Apache-2.0
// Clips as users of VideoPose3D (Pavllo et al. 2019) have them:
//   positions_2d  {subject: {action: [[T,N,2 or 3] of each camera]}}, pixels and confidence: of
//                 data_2d_h36m_*.npz and data_2d_custom_*.npz, with `metadata` (layout_name h36m or
//                 coco; video_metadata {subject: {w, h}})
//   positions_3d  {subject: {action: [T,17 or 32,3]}}, world, metres: of data_3d_h36m.npz; frames
//                 of a clip beyond those of its truth are left out, as there
// and the cameras, which that program has in its code, as a JSON file {subject: [camera, ...]} of
// its tables' keys:
//   orientation [4]     quaternion w x y z, world from camera
//   translation [3]     millimetres
//   focal_length [2], center [2]   pixels of res_w x res_h
//   radial_distortion [3], tangential_distortion [2]   optional
// A row is a frame of a camera, in the file's order; a camera's clip of an action is a track.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/readers/row_reader.h"

namespace gyre {

struct H36mOptions : ReaderOptions {
  static constexpr int kJoints = 17;

  std::filesystem::path truth, cameras;  // positions_3d, and where it was filmed from; may be empty
  std::vector<std::string> subjects;     // empty: all
  int64_t every = 1;                     // frame that is taken, of each clip
  // Keypoints are brought to where a pinhole of the same focal length would see them; else they
  // stay where they are, and the camera is off by what its lens bends.
  bool undistort = true;
};

void ReadH36mNpz(const std::filesystem::path& path, const H36mOptions& options,
                 const PersonSink& sink);

}  // namespace gyre
