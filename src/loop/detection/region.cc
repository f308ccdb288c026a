// SPDX-License-Identifier: Apache-2.0
#include "loop/detection/region.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace gyre {

Vec2 Region::InPicture(const Vec2& place) const {
  const Vec2 offset = side_px * (place - Vec2::Constant(0.5));
  const double c = std::cos(angle), s = std::sin(angle);
  return center_px + Vec2(c * offset.x() - s * offset.y(), s * offset.x() + c * offset.y());
}

Region RegionAround(const Vec2& hips_px, const Vec2& circle_px, double reach) {
  const Vec2 up = circle_px - hips_px;
  // (0, -1) is no turn.
  return {hips_px, 2 * reach * up.norm(), std::atan2(up.x(), -up.y())};
}

cv::Mat CutRegion(const cv::Mat& picture, const Region& region, int size_px) {
  const double step = region.side_px / size_px;  // picture pixels a region pixel
  const int shrink = std::clamp(static_cast<int>(step), 1, 64);
  cv::Mat source = picture;
  if (shrink > 1) {
    const cv::Size size((picture.cols + shrink - 1) / shrink, (picture.rows + shrink - 1) / shrink);
    cv::Mat padded;  // to whole squares, so that each pixel is the mean of shrink x shrink
    cv::copyMakeBorder(picture, padded, 0, size.height * shrink - picture.rows, 0,
                       size.width * shrink - picture.cols, cv::BORDER_REPLICATE);
    cv::resize(padded, source, size, 0, 0, cv::INTER_AREA);
  }
  // Pixel centres are at integers: place (i + 1/2) / size of the region, and pixel (x + 1/2) /
  // shrink - 1/2 of the shrunk picture.
  const auto source_from_pixel = [&](double u, double v) {
    const Vec2 at = region.InPicture(Vec2(u + 0.5, v + 0.5) / size_px);
    return Vec2((at.array() + 0.5) / shrink - 0.5);
  };
  const Vec2 origin = source_from_pixel(0, 0);
  const Vec2 x = source_from_pixel(1, 0) - origin, y = source_from_pixel(0, 1) - origin;
  const cv::Matx23d map(x.x(), y.x(), origin.x(), x.y(), y.y(), origin.y());
  cv::Mat cut;
  cv::warpAffine(source, cut, map, {size_px, size_px}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_CONSTANT);
  return cut;
}

}  // namespace gyre
