// SPDX-License-Identifier: Apache-2.0
// What is wrong with masks of real people: their edges wander, and something stands before them.
#pragma once

#include <cstdint>
#include <vector>

#include "core/camera.h"
#include "core/option_fields.h"
#include "core/rng.h"

namespace gyre {

struct MaskErrors {
  // By how much the edge is off, one standard deviation, in pixels of the person's 224 px crop:
  // smooth along the edge, over 12 px of the crop.
  double edge_px = 0;
  // An upright rectangle before the person, as a share of the box around the mask.
  double occlusion = 0;
  // Whether the mask says where it is (that it does not know), or only leaves it out.
  bool occluder_known = true;

  // Throws UserError naming the field and its value.
  void Check() const;
};

// A mask [height, width] that shows a body (255) before a background (0), or what is left of it.
struct SceneMask {
  static constexpr uint8_t kUnknown = 128;

  int width = 0, height = 0;
  std::vector<uint8_t> pixels;
  // The occluder, in pixels; without size where there is none.
  int left = 0, top = 0, occluder_width = 0, occluder_height = 0;

  bool Hides(const Vec2& point_px) const;
};

// `side_px`: of the person's box. Draws the same numbers whatever the errors are.
SceneMask DisturbMask(const MaskErrors& errors, std::vector<uint8_t> mask, int width, int height,
                      double side_px, Rng& rng);

}  // namespace gyre
