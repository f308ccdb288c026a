// SPDX-License-Identifier: Apache-2.0
// One half, x >= 0, of a mirror-symmetric triangle mesh: where it is refined and cut before the
// other half is made of it. Vertices at x = 0 exactly lie on the mid-plane and stay there.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "body/surface_nets.h"

namespace gyre {

struct HalfMesh {
  std::vector<Vec3> vertices;
  std::vector<std::array<int, 3>> faces;  // counter-clockwise seen from outside
};

HalfMesh HalfOf(const SymmetricMesh& mesh);
// The whole: the half's vertices first, in their order, then the mirrored ones.
SymmetricMesh Mirrored(const HalfMesh& half);

// The length that edges at a place are to have, metres.
using EdgeLength = std::function<double(const Vec3&)>;

// Halves edges until none is longer than 4/3 of what `wanted` says at its middle, and puts the new
// vertices onto the zero set of `field`. After each round the vertices of `wanted` < infinity move
// along the surface to the middle of their neighbours.
void RefineOnSurface(const ScalarField& field, const EdgeLength& wanted, HalfMesh* half);

// A curve on the skin seen from the front: from (low, y) to (high, y), y a function of x.
struct FrontLine {
  double low, high;                 // x; low is 0 for a line that goes on on the other half
  std::function<double(double)> y;  // of x
  double back;                      // only skin in front of this z

  double Above(const Vec3& p) const { return p.y() - y(p.x()); }
};

// The two sides of a cut, which lie on each other, and the rows of the pocket behind it.
struct Slit {
  std::vector<int> upper, lower;         // from low to high x; corners are in both
  std::vector<double> shares;            // of the way from the upper to the lower side, by row
  std::vector<std::vector<int>> pocket;  // rows from the upper to the lower side
};

// Cuts the skin along a line. New vertices lie on the line and on the zero set of `field`.
Slit CutAlong(const ScalarField& field, const FrontLine& line, HalfMesh* half);

// Closes a slit by a pocket of a row for each of slit->shares; `place` says where behind the slit's
// n-th vertex it lies. Corners belong to every row.
void AddPocket(const std::function<Vec3(size_t n, double share)>& place, Slit* slit,
               HalfMesh* half);

}  // namespace gyre
