// SPDX-License-Identifier: Apache-2.0
// The square of a picture that a network of landmarks looks at: placed, sized and turned so that
// the body stands upright in it.
#pragma once

#include <numbers>
#include <opencv2/core/mat.hpp>

#include "core/types.h"

namespace gyre {

struct Region {
  Vec2 center_px = Vec2::Zero();
  double side_px = 0;
  double angle = 0;  // radians: its x axis is (cos, sin) in the picture, whose y points down

  // Of the picture for a place in the region, which spans [0,1] x [0,1].
  Vec2 InPicture(const Vec2& place) const;
};

// Around a body: centred at its hips, `reach` times the distance to a point on the circle around
// the whole body in either direction, that point straight up.
Region RegionAround(const Vec2& hips_px, const Vec2& circle_px, double reach);

// The region at size_px x size_px, 8-bit as the picture; black where the picture ends. Pixels of a
// picture that is much finer are averaged.
cv::Mat CutRegion(const cv::Mat& picture, const Region& region, int size_px);

}  // namespace gyre
