// SPDX-License-Identifier: Apache-2.0
// A body of SMPL's or SMPL-X's layout from MakeHuman's CC0 data, in the folder layout of MPFB2:
//   3dobjs/base.obj                               base mesh with helper geometry, decimetres
//   mesh_metadata/basemesh_vertex_groups.json     which vertices are the body, and the eyeballs
//   rigs/standard/{rig,weights}.cmu_mb.json       skeleton and skin weights of SMPL's layout
//   targets/macrodetails/**.target.gz             displacements of gender, age, weight, muscle, ...
// SMPL-X's takes besides, from MakeHuman's own data folder, whose targets may be plain text:
//   rigs/default.mhskel, rigs/default_weights.mhw the skeleton with fingers, jaw and eyes
//   targets/expression/units/**.target.gz         displacements of the face
//
// Template: the mean of the neutral young woman and man, straightened from MakeHuman's stance with
// lowered arms into SMPL's T-pose by the rig. Shape: ten principal components of sampled
// identities, unit variance. y = 0 lies 0.22 m above the pelvis joint, as in the built-in body.
// Pose correctives bring linear skinning near to dual quaternions (skin_correctives.h). SMPL-X's
// layout has ten expressions and the face's points (makehuman_face.h) and hands by principal
// components (rule_hands.h).
#pragma once

#include <filesystem>

#include "body/body_model.h"
#include "body/makehuman_rig.h"

namespace gyre {

struct MakeHumanOptions {
  MakeHumanLayout layout = MakeHumanLayout::kSmpl;
  // Where the files are that `folder` lacks; empty: in the folder of its name and "_extra".
  std::filesystem::path extra = {};
};

// UserError names the file that is missing or wrong.
BodyModel ImportMakeHuman(const std::filesystem::path& folder,
                          const MakeHumanOptions& options = {});

}  // namespace gyre
