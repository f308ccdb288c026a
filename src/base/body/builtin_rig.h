// SPDX-License-Identifier: Apache-2.0
// Skin weights and shape components of the built-in body, by rule. Frame as in builtin_skin.h.
#pragma once

#include <array>
#include <functional>

#include "body/body_model.h"
#include "body/surface_nets.h"

namespace gyre {

using Skeleton = std::vector<Vec3>;  // of SMPL's joints

// What the rule says of a place of the skin, before diffusion: a weight for each of SMPL's joints.
Eigen::RowVectorXd BuiltinWeightsAt(const Vec3& place, const Skeleton& joints);

// [V,24], at most four bones a vertex, rows sum to 1. Smooth steps across each joint, then a few
// rounds of diffusion over the skin, which follows the surface: nothing leaks between the legs.
SparseRows BuiltinWeights(const SymmetricMesh& skin, const Skeleton& joints);

// Where skin moves when the body grows stouter: of a place on the left and its normal.
using Swelling = std::function<Vec3(const Vec3& place, const Vec3& normal)>;

// shapedirs [3V,10], metres per unit coefficient, in the order of BuiltinShapeNames(). Without
// `swelling` skin moves along its normals.
RowMatX BuiltinShapedirs(const SymmetricMesh& skin, const SparseRows& weights,
                         const Skeleton& joints, const Swelling& swelling = {});

}  // namespace gyre
