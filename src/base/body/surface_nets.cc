// SPDX-License-Identifier: Apache-2.0
#include "body/surface_nets.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/parallel.h"

namespace gyre {
namespace {

// Samples of the field on the half grid: x = (i - 1/2) cell, y and z from the low corner.
class Samples {
 public:
  Samples(const ScalarField& field, const NetGrid& grid) : grid_(grid) {
    size_[0] = static_cast<int>(std::ceil(grid.high.x() / grid.cell)) + 2;
    for (int axis = 1; axis < 3; ++axis) {
      size_[axis] = static_cast<int>(std::ceil((grid.high[axis] - grid.low[axis]) / grid.cell)) + 1;
    }
    values_.resize(static_cast<size_t>(size_[0]) * size_[1] * size_[2]);
    ParallelFor(size_[1], 0, [&](int64_t y, int) {
      for (int x = 1; x < size_[0]; ++x) {
        for (int z = 0; z < size_[2]; ++z) {
          const int j = static_cast<int>(y);
          values_[Index(x, j, z)] = field(grid.space_from_grid(GridPoint(x, j, z)));
        }
      }
      for (int z = 0; z < size_[2]; ++z) {  // x = -cell/2 mirrors x = +cell/2
        const int j = static_cast<int>(y);
        values_[Index(0, j, z)] = values_[Index(1, j, z)];
      }
    });
  }

  Vec3 GridPoint(int x, int y, int z) const {
    return {(x - 0.5) * grid_.cell, grid_.low.y() + y * grid_.cell, grid_.low.z() + z * grid_.cell};
  }
  size_t Index(int x, int y, int z) const {
    return (static_cast<size_t>(x) * size_[1] + y) * size_[2] + z;
  }
  double operator()(const std::array<int, 3>& p) const { return values_[Index(p[0], p[1], p[2])]; }
  int size(int axis) const { return size_[axis]; }
  size_t count() const { return values_.size(); }

 private:
  const NetGrid& grid_;
  std::array<int, 3> size_;
  std::vector<double> values_;
};

// The mean of where the surface crosses the cell's twelve edges; false when it crosses none.
bool CellVertex(const Samples& samples, int x, int y, int z, Vec3* vertex) {
  Vec3 sum = Vec3::Zero();
  int crossings = 0;
  for (int axis = 0; axis < 3; ++axis) {
    for (int corner = 0; corner < 4; ++corner) {
      std::array<int, 3> p{x, y, z};
      p[(axis + 1) % 3] += corner & 1;
      p[(axis + 2) % 3] += corner >> 1;
      std::array<int, 3> q = p;
      ++q[axis];
      const double fp = samples(p);
      const double fq = samples(q);
      if ((fp < 0) == (fq < 0)) continue;
      const double t = fp / (fp - fq);
      sum +=
          (1 - t) * samples.GridPoint(p[0], p[1], p[2]) + t * samples.GridPoint(q[0], q[1], q[2]);
      ++crossings;
    }
  }
  if (crossings == 0) return false;
  *vertex = sum / crossings;
  if (x == 0) vertex->x() = 0;
  return true;
}

using Quad = std::array<int, 4>;

struct HalfNet {
  std::vector<Vec3> vertices;
  std::vector<Quad> quads;
};

HalfNet MakeHalf(const ScalarField& field, const NetGrid& grid) {
  const Samples samples(field, grid);
  HalfNet half;
  std::vector<int> vertex_of_cell(samples.count(), -1);
  for (int x = 0; x + 1 < samples.size(0); ++x) {
    for (int y = 0; y + 1 < samples.size(1); ++y) {
      for (int z = 0; z + 1 < samples.size(2); ++z) {
        Vec3 vertex;
        if (!CellVertex(samples, x, y, z, &vertex)) continue;
        vertex_of_cell[samples.Index(x, y, z)] = static_cast<int>(half.vertices.size());
        half.vertices.push_back(grid.space_from_grid(vertex));
      }
    }
  }
  for (int axis = 0; axis < 3; ++axis) {
    const int b = (axis + 1) % 3;
    const int c = (axis + 2) % 3;
    std::array<int, 3> p;
    for (p[0] = 1; p[0] + 1 < samples.size(0); ++p[0]) {
      for (p[1] = 1; p[1] + 1 < samples.size(1); ++p[1]) {
        for (p[2] = 1; p[2] + 1 < samples.size(2); ++p[2]) {
          std::array<int, 3> q = p;
          ++q[axis];
          const bool p_inside = samples(p) < 0;
          if (p_inside == (samples(q) < 0)) continue;
          Quad quad;  // the four cells around the edge, counter-clockwise seen from +axis
          constexpr int kAround[4][2] = {{-1, -1}, {0, -1}, {0, 0}, {-1, 0}};
          for (int i = 0; i < 4; ++i) {
            std::array<int, 3> cell = p;
            cell[b] += kAround[i][0];
            cell[c] += kAround[i][1];
            quad[i] = vertex_of_cell[samples.Index(cell[0], cell[1], cell[2])];
          }
          if (!p_inside) std::reverse(quad.begin(), quad.end());
          half.quads.push_back(quad);
        }
      }
    }
  }
  return half;
}

Vec3 Gradient(const ScalarField& field, const Vec3& p) {
  constexpr double kStep = 1e-5;
  Vec3 gradient;
  for (int axis = 0; axis < 3; ++axis) {
    Vec3 step = Vec3::Zero();
    step[axis] = kStep;
    gradient[axis] = (field(p + step) - field(p - step)) / (2 * kStep);
  }
  return gradient;
}

void Relax(const ScalarField& field, const NetGrid& grid, int rounds, HalfNet* half) {
  const int n = static_cast<int>(half->vertices.size());
  std::vector<std::vector<int>> neighbours(n);
  for (const Quad& quad : half->quads) {
    for (int i = 0; i < 4; ++i) {
      neighbours[quad[i]].push_back(quad[(i + 1) % 4]);
      neighbours[quad[i]].push_back(quad[(i + 3) % 4]);
    }
  }
  std::vector<Vec3> normals(n);
  const auto project = [&] {
    ParallelFor((n + 255) / 256, 0, [&](int64_t block, int) {
      const int end = std::min<int>(n, 256 * (block + 1));
      for (int v = 256 * block; v < end; ++v) {
        ProjectOntoSurface(field, grid.cell / 4, &half->vertices[v], &normals[v]);
      }
    });
  };
  project();
  for (int round = 0; round < rounds; ++round) {
    const std::vector<Vec3> before = half->vertices;
    for (int v = 0; v < n; ++v) {
      Vec3 sum = Vec3::Zero();
      double count = 0;
      const bool on_plane = before[v].x() == 0;
      for (int other :
           neighbours[v]) {  // the mirrored neighbour of a vertex on the plane counts too
        const bool mirrored = on_plane && before[other].x() != 0;
        sum += (mirrored ? 2.0 : 1.0) * before[other];
        count += mirrored ? 2.0 : 1.0;
      }
      Vec3 move = 0.5 * (sum / count - before[v]);
      if (on_plane) move.x() = 0;
      half->vertices[v] += move - move.dot(normals[v]) * normals[v];
    }
    project();
  }
  for (int last = 0; last < 3; ++last) project();
}

}  // namespace

void ProjectOntoSurface(const ScalarField& field, double max_step, Vec3* p, Vec3* normal) {
  const bool on_plane = p->x() == 0;
  Vec3 gradient = Gradient(field, *p);
  if (on_plane) gradient.x() = 0;
  const double squared = std::max(gradient.squaredNorm(), 1e-6);
  Vec3 step = -field(*p) / squared * gradient;
  const double length = step.norm();
  if (length > max_step) step *= max_step / length;
  *p += step;
  *normal = gradient / std::sqrt(squared);
}

void MoveAlongZ(const ScalarField& field, Vec3* p) {
  constexpr int kSteps = 6;
  constexpr double kMaxStep = 0.003;  // metres
  for (int step = 0; step < kSteps; ++step) {
    const double slope = Gradient(field, *p).z();
    if (std::abs(slope) < 0.05) return;
    p->z() -= std::clamp(field(*p) / slope, -kMaxStep, kMaxStep);
  }
}

SymmetricMesh PolygoniseSymmetric(const ScalarField& field, const NetGrid& grid, int relaxations) {
  HalfNet half = MakeHalf(field, grid);
  Relax(field, grid, relaxations, &half);

  const int n = static_cast<int>(half.vertices.size());
  SymmetricMesh mesh;
  mesh.mirror_of.resize(n);
  std::vector<Vec3> vertices = half.vertices;
  for (int v = 0; v < n; ++v) {
    mesh.mirror_of[v] = v;
    if (vertices[v].x() == 0) continue;
    mesh.mirror_of[v] = static_cast<int>(vertices.size());
    mesh.mirror_of.push_back(v);
    vertices.push_back({-vertices[v].x(), vertices[v].y(), vertices[v].z()});
  }
  mesh.vertices.resize(vertices.size(), 3);
  for (size_t v = 0; v < vertices.size(); ++v) mesh.vertices.row(v) = vertices[v];

  mesh.faces.resize(4 * half.quads.size(), 3);
  int face = 0;
  for (const Quad& q : half.quads) {
    const auto length = [&](int i, int j) { return (vertices[q[i]] - vertices[q[j]]).norm(); };
    const int first = length(0, 2) <= length(1, 3) ? 0 : 1;  // split along the shorter diagonal
    for (int side = 0; side < 2; ++side) {
      const int a = q[first];
      const int b = q[(first + 1 + side) % 4];
      const int c = q[(first + 2 + side) % 4];
      mesh.faces.row(face++) << a, b, c;
      mesh.faces.row(face++) << mesh.mirror_of[a], mesh.mirror_of[c], mesh.mirror_of[b];
    }
  }
  return mesh;
}

std::vector<std::vector<int>> VertexNeighbours(const Faces& faces, int num_vertices) {
  std::vector<std::vector<int>> neighbours(num_vertices);
  for (int f = 0; f < faces.rows(); ++f) {
    for (int i = 0; i < 3; ++i) {
      neighbours[faces(f, i)].push_back(faces(f, (i + 1) % 3));
      neighbours[faces(f, i)].push_back(faces(f, (i + 2) % 3));
    }
  }
  for (std::vector<int>& list : neighbours) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return neighbours;
}

}  // namespace gyre
