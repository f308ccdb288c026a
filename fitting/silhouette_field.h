// SPDX-License-Identifier: Apache-2.0
// A person's mask as the fitter uses it: where the body may be, how far any point of the picture is
// from that, and the contour that the body's outline should lie on.
//
// A mask says of a pixel: the body, not the body, or that it does not know (an occluder, another
// person). The body may be where the mask shows it, where the mask does not know and beyond the
// picture; nothing pulls there. The contour is the border between the body and what is known not to
// be it: the picture's edge is none, nor is an occluder's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/types.h"
#include "fitting/distance_grid.h"

namespace gyre {

struct SilhouetteMask {
  static constexpr uint8_t kBackground = 0, kUnknown = 128, kBody = 255;

  int width = 0, height = 0;    // px
  std::vector<uint8_t> pixels;  // [height, width], of the three values; centres at integers
};

class SilhouetteField {
 public:
  // `pixel_scale`: pixels of the person's 224 px crop per pixel of the mask; masks of large people
  // are looked at in steps of up to half a pixel of the crop. Null where nothing is of the body, or
  // everything that is known.
  static std::shared_ptr<const SilhouetteField> Of(const SilhouetteMask& mask, double pixel_scale);

  // Pixels from where the body may be, 0 there, and its gradient, which may be null.
  double Outside(const Vec2& point_px, Vec2* gradient) const;

  // Whether a point is outside, or nearer than `within_px` to it.
  bool MayLeave(const Vec2& point_px, double within_px) const;

  // Points on the contour, no two nearer than `spacing_px` to each other, at most 1000; normals
  // point out of the body. In the order of the mask's rows.
  std::vector<BorderPoint> Contour(double spacing_px) const;

  // What the mask says of the cell that the point lies in: unknown beyond the picture, and
  // background beyond frame().
  uint8_t At(const Vec2& point_px) const;
  double BodyArea() const { return body_area_px2_; }  // square pixels that the mask shows
  // What is looked at: the body, and half of its size around it as far as the picture goes.
  const GridFrame& frame() const { return may_be_.frame(); }

 private:
  SilhouetteField(const SilhouetteMask& mask, double pixel_scale, const GridFrame& frame);

  double pixel_scale_;
  int width_, height_;          // of the mask
  std::vector<uint8_t> cells_;  // what the mask says [frame]
  DistanceGrid may_be_;
  double body_area_px2_;
};

}  // namespace gyre
