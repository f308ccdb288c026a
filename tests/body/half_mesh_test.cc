// SPDX-License-Identifier: Apache-2.0
// Halves of a ball of 0.1 m, refined and cut in front.
#include "body/half_mesh.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace gyre {
namespace {

constexpr double kBall = 0.1;
double BallDistance(const Vec3& p) { return p.norm() - kBall; }

HalfMesh HalfBall() {
  const NetGrid grid{.low = {0, -0.15, -0.15},
                     .high = {0.15, 0.15, 0.15},
                     .cell = 0.02,
                     .space_from_grid = [](const Vec3& p) { return p; }};
  return HalfOf(PolygoniseSymmetric(BallDistance, grid, 4));
}

// Of a closed surface: V - E + F, 2 of a ball. 0 where an edge has not two faces.
int64_t EulerNumber(const SymmetricMesh& mesh) {
  std::map<std::pair<int, int>, int> directed;
  for (int f = 0; f < mesh.faces.rows(); ++f) {
    for (int i = 0; i < 3; ++i) ++directed[{mesh.faces(f, i), mesh.faces(f, (i + 1) % 3)}];
  }
  for (const auto& [edge, count] : directed) {
    if (count != 1 || !directed.contains({edge.second, edge.first})) return 0;
  }
  return mesh.vertices.rows() - static_cast<int64_t>(directed.size()) / 2 + mesh.faces.rows();
}

TEST(HalfMesh, TwoHalvesAreTheWhole) {
  const HalfMesh half = HalfBall();
  const SymmetricMesh whole = Mirrored(half);
  EXPECT_EQ(EulerNumber(whole), 2);
  for (int v = 0; v < whole.vertices.rows(); ++v) {
    const Vec3 other = whole.vertices.row(whole.mirror_of[v]);
    EXPECT_EQ(other, Vec3(-whole.vertices(v, 0), whole.vertices(v, 1), whole.vertices(v, 2)));
  }
}

TEST(HalfMesh, EdgesAreAsShortAsWantedWhereTheyAreWantedShort) {
  HalfMesh half = HalfBall();
  const size_t before = half.vertices.size();
  const auto wanted = [](const Vec3& p) {
    return p.z() > 0.06 ? 0.004 : std::numeric_limits<double>::infinity();
  };
  RefineOnSurface(BallDistance, wanted, &half);
  EXPECT_EQ(EulerNumber(Mirrored(half)), 2);
  EXPECT_GT(half.vertices.size(), 3 * before);
  double longest = 0, longest_behind = 0;
  for (const auto& face : half.faces) {
    for (int i = 0; i < 3; ++i) {
      const Vec3 a = half.vertices[face[i]], b = half.vertices[face[(i + 1) % 3]];
      double& of = std::min(a.z(), b.z()) > 0.065 ? longest : longest_behind;
      of = std::max(of, (a - b).norm());
    }
  }
  EXPECT_LT(longest, 0.008);
  EXPECT_GT(longest_behind, 0.015);
  for (const Vec3& p : half.vertices) EXPECT_NEAR(p.norm(), kBall, 1e-5);
}

TEST(HalfMesh, ACutHasTwoSidesAndAPocketClosesIt) {
  HalfMesh half = HalfBall();
  RefineOnSurface(
      BallDistance, [](const Vec3& p) { return p.z() > 0.05 ? 0.006 : 0.02; }, &half);
  // From the middle to a corner, a little askew.
  const FrontLine line{0, 0.037, [](double x) { return 0.013 + 0.2 * x; }, 0.05};
  Slit slit = CutAlong(BallDistance, line, &half);
  EXPECT_EQ(EulerNumber(Mirrored(half)), 0);  // open
  ASSERT_EQ(slit.upper.size(), slit.lower.size());
  ASSERT_GT(slit.upper.size(), 5u);
  for (size_t n = 0; n < slit.upper.size(); ++n) {
    const Vec3 p = half.vertices[slit.upper[n]];
    EXPECT_EQ(p, half.vertices[slit.lower[n]]);
    EXPECT_EQ(slit.upper[n] == slit.lower[n], n + 1 == slit.upper.size()) << "the corner is shared";
    EXPECT_NEAR(p.y(), 0.013 + 0.2 * p.x(), 1e-12);
    EXPECT_NEAR(p.norm(), kBall, 1e-6);
    if (n > 0) {
      EXPECT_GT(p.x(), half.vertices[slit.upper[n - 1]].x());
    }
  }
  EXPECT_EQ(half.vertices[slit.upper.front()].x(), 0);
  EXPECT_NEAR(half.vertices[slit.upper.back()].x(), 0.037, 1e-12);
  for (const auto& face : half.faces) {  // no face has a hand on both sides
    int above = 0, below = 0;
    for (const int v : face) {
      above += std::ranges::find(slit.upper, v) != slit.upper.end() && v != slit.lower.back();
      below += std::ranges::find(slit.lower, v) != slit.lower.end() && v != slit.lower.back();
    }
    EXPECT_TRUE(above == 0 || below == 0);
  }
  slit.shares = {0.3, 0.7};
  AddPocket([&](size_t n, double) { return Vec3(0.8 * half.vertices[slit.upper[n]]); }, &slit,
            &half);
  EXPECT_EQ(EulerNumber(Mirrored(half)), 2);
}

TEST(HalfMesh, ACutBetweenTwoCornersStaysOnItsSide) {
  HalfMesh half = HalfBall();
  RefineOnSurface(
      BallDistance, [](const Vec3& p) { return p.z() > 0.05 ? 0.006 : 0.02; }, &half);
  const FrontLine line{0.018, 0.046, [](double x) { return 0.031 - 0.1 * x; }, 0.05};
  Slit slit = CutAlong(BallDistance, line, &half);
  EXPECT_EQ(slit.upper.front(), slit.lower.front());
  EXPECT_EQ(slit.upper.back(), slit.lower.back());
  slit.shares = {0.5};
  AddPocket([&](size_t n, double) { return Vec3(0.8 * half.vertices[slit.upper[n]]); }, &slit,
            &half);
  EXPECT_EQ(EulerNumber(Mirrored(half)), 2);
}

}  // namespace
}  // namespace gyre
