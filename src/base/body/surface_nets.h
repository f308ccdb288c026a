// SPDX-License-Identifier: Apache-2.0
// Polygonises the zero set of a mirror-symmetric implicit surface as a closed triangle mesh.
//
// Naive surface nets (S. Gibson, "Constrained elastic surface nets", 1998) on a regular grid: one
// vertex per cell that the surface crosses, at the mean of the crossings of the cell's edges, and
// one quad per crossed grid edge. Only x >= 0 is sampled; a layer of cells straddles x = 0, its
// vertices lie exactly on that plane, and the other half is a mirror image.
#pragma once

#include <functional>
#include <vector>

#include "core/types.h"

namespace gyre {

// f(p) < 0 inside.
using ScalarField = std::function<double(const Vec3&)>;

struct NetGrid {
  Vec3 low, high;  // box that holds the surface's half x >= 0 (low.x is not used)
  double cell;     // edge of a cell
  // Where a grid point lies in space. A map that shrinks with respect to the grid gives a finer
  // mesh there. It must keep the plane x = 0 in place.
  std::function<Vec3(const Vec3&)> space_from_grid;
};

struct SymmetricMesh {
  Points3 vertices;            // [V,3]
  Faces faces;                 // [F,3], counter-clockwise seen from outside
  std::vector<int> mirror_of;  // [V] the vertex at (-x, y, z); itself on the plane x = 0
};

// `relaxations` rounds of tangential smoothing, each followed by a projection onto the zero set.
SymmetricMesh PolygoniseSymmetric(const ScalarField& field, const NetGrid& grid, int relaxations);

// A damped Newton step of `p` onto the zero set, no longer than `max_step`; a point of the
// mid-plane stays on it. `normal`: the field's gradient there, of unit length.
void ProjectOntoSurface(const ScalarField& field, double max_step, Vec3* p, Vec3* normal);

// Moves a point that is near the zero set onto it, forwards or backwards.
void MoveAlongZ(const ScalarField& field, Vec3* p);

// Neighbours of each vertex along the edges, ascending.
std::vector<std::vector<int>> VertexNeighbours(const Faces& faces, int num_vertices);

}  // namespace gyre
