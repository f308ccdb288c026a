// SPDX-License-Identifier: Apache-2.0
#include "metrics/keypoint_scale.h"

#include <cmath>

#include "core/error.h"

namespace gyre {
namespace {

std::optional<double> DistancePx(const Points2& keypoints_px, const VecX& visibility,
                                 const KeypointSet& set, std::string_view from,
                                 std::string_view to) {
  GYRE_CHECK(keypoints_px.rows() == set.size() && visibility.size() == set.size());
  const int a = set.IndexOf(from), b = set.IndexOf(to);
  if (a < 0 || b < 0 || !(visibility[a] > 0) || !(visibility[b] > 0)) return std::nullopt;
  const double distance = (keypoints_px.row(a) - keypoints_px.row(b)).norm();
  if (!std::isfinite(distance) || distance == 0) return std::nullopt;
  return distance;
}

}  // namespace

std::optional<double> TorsoDiameterPx(const Points2& keypoints_px, const VecX& visibility,
                                      const KeypointSet& set) {
  return DistancePx(keypoints_px, visibility, set, "Right Shoulder", "Left Hip");
}

std::optional<double> HeadLengthPx(const Points2& keypoints_px, const VecX& visibility,
                                   const KeypointSet& set) {
  return DistancePx(keypoints_px, visibility, set, "Neck (LSP)", "Top of Head (LSP)");
}

}  // namespace gyre
