// SPDX-License-Identifier: Apache-2.0
#include "fitting/body_outline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace gyre {
namespace {

constexpr double kNearestOutlineM = 0.01;  // metres in front of the camera
constexpr double kMostOutlineCells = 4e6;
constexpr double kSmoothCells = 2;  // for the outline's normals

// Twice the area of a triangle, by the sense in which its corners go round.
double Area2(const Vec2& a, const Vec2& b, const Vec2& c) {
  return (b.x() - a.x()) * (c.y() - a.y()) - (b.y() - a.y()) * (c.x() - a.x());
}

// `corners` in cells.
void FillTriangle(const std::array<Vec2, 3>& corners, const GridFrame& frame,
                  std::vector<uint8_t>* cells) {
  const double area = Area2(corners[0], corners[1], corners[2]);
  if (area == 0) return;
  const double sense = area > 0 ? 1 : -1;
  const Vec2 low = corners[0].cwiseMin(corners[1]).cwiseMin(corners[2]);
  const Vec2 high = corners[0].cwiseMax(corners[1]).cwiseMax(corners[2]);
  const int left = std::max(static_cast<int>(std::ceil(low.x())), 0);
  const int right = std::min(static_cast<int>(std::floor(high.x())), frame.width - 1);
  const int top = std::max(static_cast<int>(std::ceil(low.y())), 0);
  const int bottom = std::min(static_cast<int>(std::floor(high.y())), frame.height - 1);
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      const Vec2 at(x, y);
      if (sense * Area2(corners[0], corners[1], at) >= 0 &&
          sense * Area2(corners[1], corners[2], at) >= 0 &&
          sense * Area2(corners[2], corners[0], at) >= 0) {
        (*cells)[frame.Index(x, y)] = 1;
      }
    }
  }
}

std::vector<uint8_t> CoveredCells(const Points2& projected, const Faces& faces,
                                  const GridFrame& frame) {
  std::vector<uint8_t> cells(static_cast<size_t>(frame.width) * frame.height, 0);
  for (Eigen::Index f = 0; f < faces.rows(); ++f) {
    std::array<Vec2, 3> corners;
    for (int i = 0; i < 3; ++i) {
      corners[i] = (projected.row(faces(f, i)).transpose() - frame.origin_px) / frame.cell_px;
    }
    FillTriangle(corners, frame, &cells);
  }
  return cells;
}

}  // namespace

std::shared_ptr<const BodyOutline> BodyOutline::Of(const Points3& vertices, const Faces& faces,
                                                   const Camera& camera, double cell_px) {
  constexpr int kMargin = 2;  // cells, so that the outline closes
  if (!vertices.allFinite() || !(vertices.col(2).minCoeff() > kNearestOutlineM)) return nullptr;
  Points2 projected(vertices.rows(), 2);
  for (Eigen::Index v = 0; v < vertices.rows(); ++v) {
    projected.row(v) = camera.Project(vertices.row(v).transpose()).transpose();
  }
  const Vec2 low = projected.colwise().minCoeff(), high = projected.colwise().maxCoeff();
  const Vec2 cells = (high - low) / cell_px;
  if (!((cells.x() + 2 * kMargin) * (cells.y() + 2 * kMargin) <= kMostOutlineCells)) return nullptr;
  GridFrame frame;
  frame.cell_px = cell_px;
  frame.origin_px = low - Vec2::Constant(kMargin * cell_px);
  frame.width = static_cast<int>(cells.x()) + 2 * kMargin + 1;
  frame.height = static_cast<int>(cells.y()) + 2 * kMargin + 1;
  DistanceGrid covered(frame, CoveredCells(projected, faces, frame));
  return std::shared_ptr<const BodyOutline>(
      new BodyOutline(std::move(projected), std::move(covered), kSmoothCells * cell_px));
}

BodyOutline::BodyOutline(Points2 projected, DistanceGrid covered, double smooth_px)
    : projected_(std::move(projected)),
      covered_(std::move(covered)),
      points_(covered_.Border([](int, int, int, int) { return true; }, smooth_px)) {}

int BodyOutline::NearestVertex(const Vec2& point_px) const {
  Eigen::Index nearest = 0;
  (projected_.rowwise() - point_px.transpose()).rowwise().squaredNorm().minCoeff(&nearest);
  return static_cast<int>(nearest);
}

}  // namespace gyre
