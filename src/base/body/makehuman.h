// SPDX-License-Identifier: Apache-2.0
// A body in SMPL's format from MakeHuman's CC0 data, in the folder layout of MPFB2:
//   3dobjs/base.obj                               base mesh with helper geometry, decimetres
//   mesh_metadata/basemesh_vertex_groups.json     which vertices are the body
//   rigs/standard/{rig,weights}.cmu_mb.json       skeleton and skin weights
//   targets/macrodetails/**.target.gz             displacements of gender, age, weight, muscle, ...
//
// Template: the mean of the neutral young woman and man, straightened from MakeHuman's stance with
// lowered arms into SMPL's T-pose by the rig. Shape: ten principal components of sampled
// identities, unit variance. y = 0 lies 0.22 m above the pelvis joint, as in the built-in body.
#pragma once

#include <filesystem>

#include "body/body_model.h"

namespace gyre {

// UserError names the file that is missing or wrong.
BodyModel ImportMakeHuman(const std::filesystem::path& folder);

}  // namespace gyre
