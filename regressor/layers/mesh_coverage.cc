// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/mesh_coverage.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kGuardPx = 1 << 20;  // the software rasteriser's
constexpr uint8_t kNobody = 255;
constexpr double kNothing = 1e-12;  // what sums that should be zero are

struct Point {
  double x, y;
};

// The squares of side `box` about the points (0..size-1)^2.
struct Grid {
  int size;
  double box;
};

// Follows the edge from a to b through the squares of a row, over times [t0, t1] of the edge:
//   visit.Inside(u, t, t'), in square u;  visit.Before(u, t, t'), left of it and right of u - 1's
template <typename Visitor>
void WalkRow(const Grid& grid, const Point& a, double ex, double t0, double t1, Visitor&& visit) {
  const double half = grid.box / 2;
  const double x0 = a.x + t0 * ex, x1 = a.x + t1 * ex;
  const double low = std::min(x0, x1), high = std::max(x0, x1);
  const auto time = [&](double x) { return std::clamp((x - a.x) / ex, t0, t1); };
  const auto between = [&](double from, double to) {
    if (ex == 0) return std::pair(t0, t1);
    const double s = time(from), t = time(to);
    return s < t ? std::pair(s, t) : std::pair(t, s);
  };
  double from = -std::numeric_limits<double>::infinity();
  for (int u = std::max(0, static_cast<int>(std::ceil(low - half))); u < grid.size; ++u) {
    if (low < u - half) {
      const auto [s, t] = between(from, u - half);
      visit.Before(u, s, t);
      if (high <= u - half) return;
    }
    const auto [s, t] = between(std::max(from, u - half), u + half);
    visit.Inside(u, s, t);
    if (high <= u + half) return;
    from = u + half;
  }
}

// Follows the edge through all squares: visitor(v) says what sees the pieces in row v.
template <typename RowVisitor>
void Walk(const Grid& grid, const Point& a, const Point& b, RowVisitor&& visitor) {
  const double half = grid.box / 2, ex = b.x - a.x, ey = b.y - a.y;
  const int first = std::max(0, static_cast<int>(std::ceil(std::min(a.y, b.y) - half)));
  const int last = std::min(grid.size - 1, static_cast<int>(std::floor(std::max(a.y, b.y) + half)));
  for (int v = first; v <= last; ++v) {
    double t0 = 0, t1 = 1;
    if (ey != 0) {
      const double s = (v - half - a.y) / ey, t = (v + half - a.y) / ey;
      t0 = std::max(t0, std::min(s, t));
      t1 = std::min(t1, std::max(s, t));
    }
    if (t0 < t1) WalkRow(grid, a, ex, t0, t1, visitor(v));
  }
}

// Adds what lies right of the edge to differences along a row, whose sums are the covered shares
// of the squares.
struct AreaVisitor {
  double* row;
  double half, x0, ex, per_time;  // per_time: dy / box^2 of the edge, downwards negative
  void Inside(int u, double t0, double t1) const {
    const double dy = per_time * (t1 - t0);
    const double part = dy * (u + half - (x0 + ex * (t0 + t1) / 2)), whole = dy * 2 * half;
    row[u] += part;
    row[u + 1] += whole - part;
  }
  void Before(int u, double t0, double t1) const { row[u] += per_time * (t1 - t0) * 2 * half; }
};

// Sums the gradient along the edge, weighted with how much either end moves it.
struct FluxVisitor {
  const double* row;
  double *of_a, *of_b;
  void Inside(int u, double t0, double t1) const {
    const double length = row[u] * (t1 - t0), middle = (t0 + t1) / 2;
    *of_a += length * (1 - middle);
    *of_b += length * middle;
  }
  void Before(int, double, double) const {}
};

Point PointOf(const double* px, int32_t vertex, double offset) {
  return {px[2 * vertex] + offset, px[2 * vertex + 1] + offset};
}

// Twice the area of a face; negative where it looks at the camera, since y points down.
double TwiceArea(const double* px, const std::array<int32_t, 3>& face) {
  const double *a = px + 2 * face[0], *b = px + 2 * face[1], *c = px + 2 * face[2];
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

}  // namespace

MeshCoverage::MeshCoverage(const CoverageMesh& mesh, const CoverageOptions& options)
    : mesh_(mesh), size_(options.size_px), near_m_(options.near_m) {
  GYRE_CHECK(size_ > 0 && size_ <= (1 << 14) && options.sigma_px > 0 && options.sigma_px <= 64 &&
             near_m_ > 0);
  // A square of side w has a deviation of w / sqrt(12).
  box_ = std::min(1.0, std::sqrt(12.0) * options.sigma_px);
  const double rest = std::sqrt(std::max(0.0, options.sigma_px * options.sigma_px - 1.0 / 12));
  const int reach = static_cast<int>(std::ceil(3 * rest));
  double sum = 0;
  for (int i = -reach; i <= reach; ++i) {
    taps_.push_back(i == 0 ? 1 : std::exp(-i * i / (2 * rest * rest)));
    sum += taps_.back();
  }
  for (double& tap : taps_) tap /= sum;
  canvas_ = size_ + 2 * reach;
}

void MeshCoverage::FindFacing(const ProjectedMesh& projected) {
  std::vector<char> drawable(mesh_.num_vertices);
  for (int64_t i = 0; i < mesh_.num_vertices; ++i) {
    drawable[i] = projected.depth_m[i] >= near_m_ && std::isfinite(projected.depth_m[i]) &&
                  std::abs(projected.px[2 * i]) <= kGuardPx &&
                  std::abs(projected.px[2 * i + 1]) <= kGuardPx;
  }
  facing_.resize(mesh_.faces.size());
  for (size_t i = 0; i < facing_.size(); ++i) {
    const auto& face = mesh_.faces[i];
    const bool drawn = drawable[face[0]] && drawable[face[1]] && drawable[face[2]];
    const double area = drawn ? TwiceArea(projected.px, face) : 0;
    facing_[i] = static_cast<int8_t>((area > 0) - (area < 0));
  }
}

void MeshCoverage::FindContours(int facing) {
  contours_.clear();
  for (size_t e = 0; e < mesh_.edges.size(); ++e) {
    const size_t first = contours_.size();
    for (int32_t i = mesh_.sides_begin[e]; i < mesh_.sides_begin[e + 1]; ++i) {
      const CoverageMesh::Side& side = mesh_.sides[i];
      if (facing_[side.face] != facing) continue;
      const int class_idx = mesh_.class_of_face[side.face];
      size_t at = first;
      while (at < contours_.size() && contours_[at].class_idx != class_idx) ++at;
      if (at == contours_.size()) {
        contours_.push_back({mesh_.edges[e][0], mesh_.edges[e][1], class_idx, 0});
      }
      contours_[at].weight += side.sign * facing;
    }
    const auto of_edge = contours_.begin() + static_cast<std::ptrdiff_t>(first);
    contours_.erase(
        std::remove_if(of_edge, contours_.end(), [](const Contour& c) { return c.weight == 0; }),
        contours_.end());
  }
}

void MeshCoverage::AddEdges(const ProjectedMesh& projected, int class_idx) {
  const int width = canvas_ + 1;
  const double reach = (canvas_ - size_) / 2.0;
  field_.assign(static_cast<size_t>(width) * canvas_, 0);
  for (const Contour& contour : contours_) {
    if (contour.class_idx != class_idx) continue;
    const Point a = PointOf(projected.px, contour.from, reach),
                b = PointOf(projected.px, contour.to, reach);
    if (a.y == b.y) continue;
    const double per_time = -contour.weight * (b.y - a.y) / (box_ * box_);
    Walk({canvas_, box_}, a, b, [&](int v) {
      return AreaVisitor{&field_[static_cast<size_t>(v) * width], box_ / 2, a.x, b.x - a.x,
                         per_time};
    });
  }
  for (int v = 0; v < canvas_; ++v) {
    double* const row = &field_[static_cast<size_t>(v) * width];
    for (int u = 1; u < canvas_; ++u) row[u] += row[u - 1];
  }
}

void MeshCoverage::Smooth(double* map) {
  const int width = canvas_ + 1;
  rows_.assign(static_cast<size_t>(canvas_) * size_, 0);
  for (int v = 0; v < canvas_; ++v) {
    double* const out = &rows_[static_cast<size_t>(v) * size_];
    for (size_t k = 0; k < taps_.size(); ++k) {
      const double *const in = &field_[static_cast<size_t>(v) * width + k], tap = taps_[k];
      for (int u = 0; u < size_; ++u) out[u] += tap * in[u];
    }
  }
  std::fill_n(map, static_cast<size_t>(size_) * size_, 0);
  for (int v = 0; v < size_; ++v) {
    double* const out = map + static_cast<size_t>(v) * size_;
    for (size_t k = 0; k < taps_.size(); ++k) {
      const double *const in = &rows_[(v + k) * size_], tap = taps_[k];
      for (int u = 0; u < size_; ++u) out[u] += tap * in[u];
    }
  }
}

// The transpose of Smooth.
void MeshCoverage::SmoothBackward(const double* d_map) {
  const int width = canvas_ + 1;
  rows_.assign(static_cast<size_t>(canvas_) * size_, 0);
  for (int v = 0; v < size_; ++v) {
    const double* const in = d_map + static_cast<size_t>(v) * size_;
    for (size_t k = 0; k < taps_.size(); ++k) {
      double* const out = &rows_[(v + k) * size_];
      const double tap = taps_[k];
      for (int u = 0; u < size_; ++u) out[u] += tap * in[u];
    }
  }
  field_.assign(static_cast<size_t>(width) * canvas_, 0);
  for (int v = 0; v < canvas_; ++v) {
    const double* const in = &rows_[static_cast<size_t>(v) * size_];
    for (size_t k = 0; k < taps_.size(); ++k) {
      double* const out = &field_[static_cast<size_t>(v) * width + k];
      const double tap = taps_[k];
      for (int u = 0; u < size_; ++u) out[u] += tap * in[u];
    }
  }
}

void MeshCoverage::FindDepths(const ProjectedMesh& projected) {
  const size_t plane = static_cast<size_t>(size_) * size_;
  nearest_.assign(plane * mesh_.num_classes, 0);
  for (size_t i = 0; i < mesh_.faces.size(); ++i) {
    if (facing_[i] == 0 || (mesh_.closed && facing_[i] > 0)) continue;
    const auto& face = mesh_.faces[i];
    const Point a = PointOf(projected.px, face[0], 0), b = PointOf(projected.px, face[1], 0),
                c = PointOf(projected.px, face[2], 0);
    const auto cross = [](const Point& p, const Point& q, double x, double y) {
      return (q.x - p.x) * (y - p.y) - (q.y - p.y) * (x - p.x);
    };
    const double area = cross(a, b, c.x, c.y);
    const auto [low_x, high_x] = std::minmax({a.x, b.x, c.x});
    const auto [low_y, high_y] = std::minmax({a.y, b.y, c.y});
    const int u_first = std::max(0, static_cast<int>(std::ceil(low_x)));
    const int u_last = std::min(size_ - 1, static_cast<int>(std::floor(high_x)));
    const int v_last = std::min(size_ - 1, static_cast<int>(std::floor(high_y)));
    double* const depths = &nearest_[plane * mesh_.class_of_face[i]];
    for (int v = std::max(0, static_cast<int>(std::ceil(low_y))); v <= v_last; ++v) {
      for (int u = u_first; u <= u_last; ++u) {
        const double of_a = cross(b, c, u, v) / area, of_b = cross(c, a, u, v) / area,
                     of_c = cross(a, b, u, v) / area;
        if (of_a < 0 || of_b < 0 || of_c < 0) continue;
        const double* const z = projected.depth_m;
        double& depth = depths[static_cast<size_t>(v) * size_ + u];
        depth = std::max(depth, of_a / z[face[0]] + of_b / z[face[1]] + of_c / z[face[2]]);
      }
    }
  }
}

// N_k becomes M_k. Where a pixel's centre shows nothing of a class that covers a part of it, its
// depth is the mean of what is around.
void MeshCoverage::ShareOut(double* maps, uint8_t* filled) const {
  const int classes = mesh_.num_classes;
  const size_t plane = static_cast<size_t>(size_) * size_;
  const int reach = std::max(1, (canvas_ - size_) / 2);
  const auto depth_at = [&](int k, int u, int v) {
    const double* const depths = &nearest_[plane * k];
    if (const double own = depths[static_cast<size_t>(v) * size_ + u]; own > 0) return own;
    double sum = 0, weights = 0;
    for (int y = std::max(0, v - reach); y <= std::min(size_ - 1, v + reach); ++y) {
      for (int x = std::max(0, u - reach); x <= std::min(size_ - 1, u + reach); ++x) {
        const double other = depths[static_cast<size_t>(y) * size_ + x];
        const double distance2 = (x - u) * (x - u) + (y - v) * (y - v);
        if (other > 0) sum += other / distance2, weights += 1 / distance2;
      }
    }
    return weights > 0 ? sum / weights : 0;
  };
  std::array<std::pair<double, int>, CoverageMesh::kMostClasses> order;
  for (size_t p = 0; p < plane; ++p) {
    int count = 0;
    for (int k = 0; k < classes; ++k) {
      double& map = maps[plane * k + p];
      map = map > kNothing ? map : 0;
      if (map > 0) order[count++] = {0, k};
    }
    if (count > 1) {
      for (int i = 0; i < count; ++i) {
        order[i].first =
            -depth_at(order[i].second, static_cast<int>(p % size_), static_cast<int>(p / size_));
      }
      std::sort(order.begin(), order.begin() + count);
    }
    double left = 1;
    filled[p] = kNobody;
    for (int i = 0; i < count; ++i) {
      double& map = maps[plane * order[i].second + p];
      if (filled[p] == kNobody && map > left - kNothing) {
        filled[p] = static_cast<uint8_t>(order[i].second);
        map = left;
        left = 0;
      } else {
        map = filled[p] == kNobody ? map : 0;
        left -= map;
      }
    }
  }
}

void MeshCoverage::Forward(const ProjectedMesh& projected, double* maps, uint8_t* notes) {
  const size_t plane = static_cast<size_t>(size_) * size_;
  FindFacing(projected);
  FindContours(-1);
  for (int k = 0; k < mesh_.num_classes; ++k) {
    AddEdges(projected, k);
    Smooth(maps + plane * k);
  }
  if (!mesh_.closed) {
    std::vector<double> away(plane);
    FindContours(+1);
    for (int k = 0; k < mesh_.num_classes; ++k) {
      AddEdges(projected, k);
      Smooth(away.data());
      for (size_t p = 0; p < plane; ++p) {
        double& map = maps[plane * k + p];
        notes[plane * (1 + k) + p] = away[p] > map ? 1 : 0;
        map = std::max(map, away[p]);
      }
    }
  }
  if (mesh_.num_classes > 1) FindDepths(projected);
  ShareOut(maps, notes);
}

void MeshCoverage::Backward(const ProjectedMesh& projected, const double* maps,
                            const uint8_t* notes, const double* d_maps, double* d_px) {
  const size_t plane = static_cast<size_t>(size_) * size_;
  const double reach = (canvas_ - size_) / 2.0;
  FindFacing(projected);
  std::vector<double> d_map(plane);
  for (const int facing : {-1, 1}) {
    if (mesh_.closed && facing > 0) break;
    FindContours(facing);
    for (int k = 0; k < mesh_.num_classes; ++k) {
      for (size_t p = 0; p < plane; ++p) {
        const int filled = notes[p];
        const bool counts = mesh_.closed || notes[plane * (1 + k) + p] == (facing > 0 ? 1 : 0);
        const bool passes = counts && filled != k && (filled == kNobody || maps[plane * k + p] > 0);
        // What one class takes the one that took the rest no longer gets.
        d_map[p] = !passes             ? 0
                   : filled == kNobody ? d_maps[plane * k + p]
                                       : d_maps[plane * k + p] - d_maps[plane * filled + p];
      }
      SmoothBackward(d_map.data());
      for (const Contour& contour : contours_) {
        if (contour.class_idx != k) continue;
        const Point a = PointOf(projected.px, contour.from, reach),
                    b = PointOf(projected.px, contour.to, reach);
        double of_a = 0, of_b = 0;
        Walk({canvas_, box_}, a, b, [&](int v) {
          return FluxVisitor{&field_[static_cast<size_t>(v) * (canvas_ + 1)], &of_a, &of_b};
        });
        const double scale = contour.weight / (box_ * box_);
        double *const to_a = d_px + 2 * contour.from, *const to_b = d_px + 2 * contour.to;
        to_a[0] += scale * of_a * (b.y - a.y);
        to_a[1] -= scale * of_a * (b.x - a.x);
        to_b[0] += scale * of_b * (b.y - a.y);
        to_b[1] -= scale * of_b * (b.x - a.x);
      }
    }
  }
}

}  // namespace gyre
