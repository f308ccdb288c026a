// SPDX-License-Identifier: Apache-2.0
// Which part of the picture a posed body covers, and its outline there.
#pragma once

#include <memory>
#include <vector>

#include "core/camera.h"
#include "core/types.h"
#include "fitting/distance_grid.h"

namespace gyre {

class BodyOutline {
 public:
  // `vertices` [V,3] in the camera's frame, metres; a cell is covered where its centre lies in the
  // projection of a face, whichever way that looks. Null where a vertex is not in front of the
  // camera, or so near that the body fills millions of cells.
  static std::shared_ptr<const BodyOutline> Of(const Points3& vertices, const Faces& faces,
                                               const Camera& camera, double cell_px);

  const GridFrame& frame() const { return covered_.frame(); }
  bool Covers(int x, int y) const { return covered_.IsInside(x, y); }
  // Of what is covered as a whole: limbs before the trunk have none. Normals point outwards.
  const std::vector<BorderPoint>& points() const { return points_; }
  // The vertex that is projected nearest to a point.
  int NearestVertex(const Vec2& point_px) const;
  // Where it is projected.
  Vec2 VertexAt(int vertex) const { return projected_.row(vertex); }

 private:
  BodyOutline(Points2 projected, DistanceGrid covered, double smooth_px);

  Points2 projected_;  // [V,2]
  DistanceGrid covered_;
  std::vector<BorderPoint> points_;
};

}  // namespace gyre
