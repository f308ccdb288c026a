// SPDX-License-Identifier: Apache-2.0
// Skin of the built-in whole body: the built-in body's with other hands and another head
// (builtin_hand.h, builtin_head.h), cut along lips and lids, with pockets behind the cuts so that
// it stays closed, and eyeballs. The lips touch; the lids, closed when they are cut, are opened.
#pragma once

#include <vector>

#include "body/half_mesh.h"

namespace gyre {

enum class SkinKind { kSkin, kMouthPocket, kEyePocket, kEyeball };

// Where a pocket's vertex hangs between the rims before it.
struct Hanging {
  int vertex, upper, lower;
  double share;  // of the way from the upper to the lower rim
};

struct WholeSkin {
  SymmetricMesh mesh;
  std::vector<SkinKind> kinds;  // [V]
  // 1 above the line where the lips meet, -1 below it, between in the pocket of the mouth. [V]
  VecX lip_side;
  std::vector<Hanging> pockets;  // on both sides
  Points3 lid_closing;                              // [V,3] from the rest to closed lids, metres
  std::vector<int> left_upper_lid, left_lower_lid;  // rims, from the inner to the outer corner
  std::vector<int> left_upper_lip, left_lower_lip;  // rims, from the middle to the corner
  int left_pupil;                                   // the front of the left eyeball
};

WholeSkin MakeWholeSkin();

}  // namespace gyre
