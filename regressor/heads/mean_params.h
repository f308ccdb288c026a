// SPDX-License-Identifier: Apache-2.0
// Where an iterative regression starts. Free of Torch.
#pragma once

#include <filesystem>

#include "body/body_layout.h"
#include "body/pose_prior.h"
#include "core/types.h"

namespace gyre {

struct MeanParams {
  VecX pose_6d;     // [6J] rotations as 6D in SPIN's layout, see SixDLayout
  VecX betas;       // [S]
  VecX expression;  // [E]
  Vec3 cam;         // weak-perspective camera (s, tx, ty)

  // The prior's mean pose, joints found by their names (at rest where it says nothing, or is null),
  // upright in the image (global orientation a turn by pi about x), mean shape, and the camera
  // (0.9, 0, 0).
  static MeanParams FromPrior(const BodyLayout& layout, const PosePrior* prior);
  // SPIN's smpl_mean_params.npz: `pose` [144], `shape` [10], `cam` [3]. UserError names the file,
  // the key and the shape where they are not those of `layout`.
  static MeanParams Read(const std::filesystem::path& path, const BodyLayout& layout);
};

}  // namespace gyre
