// SPDX-License-Identifier: Apache-2.0
#include "body/half_mesh.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"

namespace gyre {
namespace {

using Edge = std::pair<int, int>;     // the lower number first
using Middles = std::map<Edge, int>;  // new vertex on an edge

Edge EdgeOf(int a, int b) { return {std::min(a, b), std::max(a, b)}; }

// Splits faces at the new vertices of their edges.
void SplitFaces(const Middles& middles, HalfMesh* half) {
  std::vector<std::array<int, 3>> faces;
  const auto middle = [&](int a, int b) {
    const auto found = middles.find(EdgeOf(a, b));
    return found == middles.end() ? -1 : found->second;
  };
  for (const auto& face : half->faces) {
    // Turned so that an unsplit edge comes last, or a split one first.
    std::array<int, 3> v = face;
    std::array<int, 3> m = {middle(v[0], v[1]), middle(v[1], v[2]), middle(v[2], v[0])};
    const auto count = 3 - std::ranges::count(m, -1);
    while ((count == 1 && m[0] < 0) || (count == 2 && m[2] >= 0)) {
      std::rotate(v.begin(), v.begin() + 1, v.end());
      std::rotate(m.begin(), m.begin() + 1, m.end());
    }
    const auto distance = [&](int a, int b) {
      return (half->vertices[a] - half->vertices[b]).norm();
    };
    if (count == 0) {
      faces.push_back(v);
    } else if (count == 1) {
      faces.insert(faces.end(), {{v[0], m[0], v[2]}, {m[0], v[1], v[2]}});
    } else if (count == 2) {
      faces.push_back({m[0], v[1], m[1]});
      if (distance(v[0], m[1]) <= distance(m[0], v[2])) {
        faces.insert(faces.end(), {{v[0], m[0], m[1]}, {v[0], m[1], v[2]}});
      } else {
        faces.insert(faces.end(), {{v[0], m[0], v[2]}, {m[0], m[1], v[2]}});
      }
    } else {
      faces.insert(
          faces.end(),
          {{v[0], m[0], m[2]}, {m[0], v[1], m[1]}, {m[2], m[1], v[2]}, {m[0], m[1], m[2]}});
    }
  }
  half->faces = std::move(faces);
}

std::vector<std::vector<int>> Neighbours(const HalfMesh& half) {
  Faces faces(half.faces.size(), 3);
  for (size_t f = 0; f < half.faces.size(); ++f) {
    for (int i = 0; i < 3; ++i) faces(static_cast<Eigen::Index>(f), i) = half.faces[f][i];
  }
  return VertexNeighbours(faces, static_cast<int>(half.vertices.size()));
}

void Project(const ScalarField& field, double max_step, const std::vector<int>& moving,
             std::vector<Vec3>* normals, HalfMesh* half) {
  ParallelFor((std::ssize(moving) + 63) / 64, 0, [&](int64_t block, int) {
    const int64_t end = std::min<int64_t>(std::ssize(moving), 64 * (block + 1));
    for (int64_t i = 64 * block; i < end; ++i) {
      ProjectOntoSurface(field, max_step, &half->vertices[moving[i]], &(*normals)[moving[i]]);
    }
  });
}

// Half-way to the middle of the neighbours, along the surface.
void Relax(const ScalarField& field, double max_step, int rounds, const std::vector<int>& moving,
           HalfMesh* half) {
  const std::vector<std::vector<int>> neighbours = Neighbours(*half);
  std::vector<Vec3> normals(half->vertices.size(), Vec3::Zero());
  Project(field, max_step, moving, &normals, half);
  for (int round = 0; round < rounds; ++round) {
    const std::vector<Vec3> before = half->vertices;
    for (const int v : moving) {
      const bool on_plane = before[v].x() == 0;
      Vec3 sum = Vec3::Zero();
      double count = 0;
      for (const int other : neighbours[v]) {  // the mirrored one of a vertex on the plane too
        const double times = on_plane && before[other].x() != 0 ? 2 : 1;
        sum += times * before[other];
        count += times;
      }
      Vec3 move = 0.5 * (sum / count - before[v]);
      if (on_plane) move.x() = 0;
      half->vertices[v] += move - move.dot(normals[v]) * normals[v];
    }
    Project(field, max_step, moving, &normals, half);
  }
}

// Puts the vertex that is nearest to a place of the front there, and says which it is.
int SnapTo(const ScalarField& field, const FrontLine& line, double x, HalfMesh* half) {
  const Vec2 at(x, line.y(x));
  int best = -1;
  double nearest = std::numeric_limits<double>::infinity();
  for (int v = 0; v < std::ssize(half->vertices); ++v) {
    const Vec3& p = half->vertices[v];
    if (p.z() < line.back || (p.x() == 0) != (x == 0)) continue;
    const double distance = (p.head<2>() - at).norm();
    if (distance < nearest) {
      nearest = distance;
      best = v;
    }
  }
  GYRE_CHECK(best >= 0, "no skin at the line's end");
  half->vertices[best].head<2>() = at;
  MoveAlongZ(field, &half->vertices[best]);
  return best;
}

// Spreads the vertices on the line evenly, and the skin's to both sides of it.
void SmoothAround(const ScalarField& field, const FrontLine& line, const std::vector<int>& on,
                  HalfMesh* half) {
  constexpr double kReach = 0.008, kMaxStep = 0.001;
  constexpr int kRounds = 6;
  std::vector<int> moving;
  for (int v = 0; v < std::ssize(half->vertices); ++v) {
    const Vec3& p = half->vertices[v];
    if (p.z() > line.back && p.x() > line.low - kReach && p.x() < line.high + kReach &&
        std::abs(p.y() - line.y(p.x())) < kReach && std::ranges::find(on, v) == on.end()) {
      moving.push_back(v);
    }
  }
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Vec3> before = half->vertices;
    for (size_t n = 1; n + 1 < on.size(); ++n) {
      Vec3& p = half->vertices[on[n]];
      p.x() = 0.5 * p.x() + 0.25 * (before[on[n - 1]].x() + before[on[n + 1]].x());
      p.y() = line.y(p.x());
      MoveAlongZ(field, &p);
    }
    Relax(field, kMaxStep, 1, moving, half);
  }
}

// Makes the line one of edges: puts vertices that are near it onto it, and new ones where edges
// cross it. All that are on it, from low to high x.
std::vector<int> InsertLine(const ScalarField& field, const FrontLine& line, HalfMesh* half) {
  constexpr double kNear = 0.3;  // of an edge
  const int first = SnapTo(field, line, line.low, half);
  const int last = SnapTo(field, line, line.high, half);
  std::vector<Vec3>& vertices = half->vertices;
  std::vector<bool> on(vertices.size());
  on[first] = on[last] = true;
  const auto between = [&](const Vec3& p) {
    return p.x() >= line.low && p.x() <= line.high && p.z() > line.back;
  };
  const auto above = [&](int v) { return on[v] ? 0 : line.Above(vertices[v]); };
  const auto put = [&](int v) {
    vertices[v].y() = line.y(vertices[v].x());
    MoveAlongZ(field, &vertices[v]);
    on[v] = true;
  };
  // Calls back with the share of the way from a to b where an edge crosses the line.
  const auto for_each_crossing = [&](auto&& call) {
    for (const auto& face : half->faces) {
      for (int i = 0; i < 3; ++i) {
        const auto [a, b] = EdgeOf(face[i], face[(i + 1) % 3]);
        if (above(a) * above(b) >= 0) continue;
        const double t = above(a) / (above(a) - above(b));
        const Vec3 at = (1 - t) * vertices[a] + t * vertices[b];
        if (between(at)) call(a, b, t, at);
      }
    }
  };
  for_each_crossing([&](int a, int b, double t, const Vec3&) {
    if (t < kNear && between(vertices[a])) put(a);
    if (t > 1 - kNear && between(vertices[b])) put(b);
  });
  Middles middles;
  for_each_crossing([&](int a, int b, double, const Vec3& at) {
    if (middles.contains({a, b})) return;
    middles[{a, b}] = static_cast<int>(vertices.size());
    vertices.push_back(at);
    on.push_back(false);
    put(middles[{a, b}]);
  });
  SplitFaces(middles, half);
  std::vector<int> inserted;
  for (int v = 0; v < std::ssize(vertices); ++v) {
    if (on[v]) inserted.push_back(v);
  }
  std::ranges::sort(inserted, {}, [&](int v) { return vertices[v].x(); });
  GYRE_CHECK(inserted.front() == first && inserted.back() == last);
  return inserted;
}

}  // namespace

HalfMesh HalfOf(const SymmetricMesh& mesh) {
  HalfMesh half;
  std::vector<int> number(mesh.vertices.rows(), -1);
  for (int v = 0; v < mesh.vertices.rows(); ++v) {
    if (mesh.vertices(v, 0) < 0) continue;
    number[v] = static_cast<int>(half.vertices.size());
    half.vertices.push_back(mesh.vertices.row(v));
  }
  for (int f = 0; f < mesh.faces.rows(); ++f) {
    const std::array<int, 3> face = {number[mesh.faces(f, 0)], number[mesh.faces(f, 1)],
                                     number[mesh.faces(f, 2)]};
    if (std::ranges::min(face) >= 0) half.faces.push_back(face);
  }
  return half;
}

SymmetricMesh Mirrored(const HalfMesh& half) {
  const int count = static_cast<int>(half.vertices.size());
  SymmetricMesh mesh;
  mesh.mirror_of.resize(count);
  std::vector<Vec3> vertices = half.vertices;
  for (int v = 0; v < count; ++v) {
    mesh.mirror_of[v] = v;
    if (vertices[v].x() == 0) continue;
    mesh.mirror_of[v] = static_cast<int>(vertices.size());
    mesh.mirror_of.push_back(v);
    vertices.push_back({-vertices[v].x(), vertices[v].y(), vertices[v].z()});
  }
  mesh.vertices.resize(std::ssize(vertices), 3);
  for (size_t v = 0; v < vertices.size(); ++v) mesh.vertices.row(v) = vertices[v];
  mesh.faces.resize(2 * std::ssize(half.faces), 3);
  int row = 0;
  for (const auto& [a, b, c] : half.faces) {
    mesh.faces.row(row++) << a, b, c;
    mesh.faces.row(row++) << mesh.mirror_of[a], mesh.mirror_of[c], mesh.mirror_of[b];
  }
  return mesh;
}

void RefineOnSurface(const ScalarField& field, const EdgeLength& wanted, HalfMesh* half) {
  constexpr int kRounds = 4, kRelaxations = 3;
  constexpr double kTooLong = 4.0 / 3, kMaxStep = 0.002;
  for (int round = 0; round < kRounds; ++round) {
    Middles middles;
    for (const auto& face : half->faces) {
      for (int i = 0; i < 3; ++i) {
        const Edge edge = EdgeOf(face[i], face[(i + 1) % 3]);
        const Vec3 a = half->vertices[edge.first], b = half->vertices[edge.second];
        const Vec3 middle = 0.5 * (a + b);
        if (middles.contains(edge) || (a - b).norm() <= kTooLong * wanted(middle)) continue;
        middles[edge] = static_cast<int>(half->vertices.size());
        half->vertices.push_back(middle);
      }
    }
    if (middles.empty()) break;
    SplitFaces(middles, half);
    std::vector<int> moving;
    for (int v = 0; v < std::ssize(half->vertices); ++v) {
      if (std::isfinite(wanted(half->vertices[v]))) moving.push_back(v);
    }
    Relax(field, kMaxStep, kRelaxations, moving, half);
  }
}

Slit CutAlong(const ScalarField& field, const FrontLine& line, HalfMesh* half) {
  Slit slit;
  slit.upper = InsertLine(field, line, half);
  SmoothAround(field, line, slit.upper, half);
  // Vertices on the line are doubled, but for corners; what is below takes the new ones.
  std::map<int, int> lower;
  for (const int v : slit.upper) {
    const bool ends = v == slit.upper.front() || v == slit.upper.back();
    const bool corner = ends && half->vertices[v].x() != 0;
    lower[v] = corner ? v : static_cast<int>(half->vertices.size());
    slit.lower.push_back(lower[v]);
    if (!corner) half->vertices.push_back(Vec3(half->vertices[v]));
  }
  for (auto& face : half->faces) {
    const bool below = std::ranges::any_of(
        face, [&](int v) { return !lower.contains(v) && line.Above(half->vertices[v]) < 0; });
    if (!below) continue;
    for (int& v : face) {
      if (lower.contains(v)) v = lower[v];
    }
  }
  return slit;
}

void AddPocket(const std::function<Vec3(size_t n, double share)>& place, Slit* slit,
               HalfMesh* half) {
  const size_t count = slit->upper.size(), rows = slit->shares.size();
  slit->pocket.assign(rows, slit->upper);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t n = 0; n < count; ++n) {
      if (slit->upper[n] == slit->lower[n]) continue;
      slit->pocket[row][n] = static_cast<int>(half->vertices.size());
      half->vertices.push_back(place(n, slit->shares[row]));
    }
  }
  // Seen from inside the pocket, as the skin is from outside: below the upper side's faces.
  for (size_t row = 0; row <= rows; ++row) {
    const std::vector<int>& above = row == 0 ? slit->upper : slit->pocket[row - 1];
    const std::vector<int>& below = row == rows ? slit->lower : slit->pocket[row];
    for (size_t n = 0; n + 1 < count; ++n) {
      const int a = above[n], b = above[n + 1], c = below[n + 1], d = below[n];
      if (a != d) half->faces.push_back({a, d, b});
      if (b != c) half->faces.push_back({b, d, c});
    }
  }
}

}  // namespace gyre
