// SPDX-License-Identifier: Apache-2.0
// Skeleton and skin of the built-in body, by rule. Metres, ground at y = 0, mid-plane at x = 0,
// facing +z, T-pose with the arms along x.
#pragma once

#include <array>

#include "body/body_model.h"
#include "body/surface_nets.h"

namespace gyre {

// The 24 joints in SMPL's order.
std::vector<Vec3> BuiltinSkeleton();  // of SMPL's joints

// A part of the body and a box around it.
struct SkinPart {
  double (*distance)(const Vec3&);
  Vec3 low, high;
  double blend;  // metres over which it joins the others
};

// Signed distance (near the skin) of the body at rest.
double BuiltinSkinDistance(const Vec3& point);
// The same with another head (at x >= 0 at least) and left hand.
double SkinDistanceWith(const Vec3& point, const SkinPart& head, const SkinPart& hand);

SymmetricMesh MakeBuiltinSkin();

}  // namespace gyre
