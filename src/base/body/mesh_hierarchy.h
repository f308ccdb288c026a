// SPDX-License-Identifier: Apache-2.0
// A mesh in coarser and coarser versions of itself, for networks that work on meshes.
//
// Each level has a quarter of the vertices of the one before, by collapsing edges where that costs
// least (Garland and Heckbert 1997). With the plane p = (n, d) of a face, |n| = 1,
//   Q_v = sum over the faces around v of p p^T,   cost of v's end at x: [x; 1]^T Q [x; 1]
// an edge (r, c) has Q = Q_r + Q_c and collapses into r or c, whichever is cheaper: no vertex
// moves, so that a level is a choice of vertices (Ranjan et al. 2018). An edge may collapse only if
// what is left is a manifold still: its ends have no common neighbours but those across its own
// faces, no two faces become one, and borders stay borders. Costs are counted in squares of a
// 100,000th of the mesh's size, and equal ones go by number: which vertices stay does not depend on
// how a compiler rounds.
//
// The way back up is linear: every finer vertex is the point of the coarse surface that is nearest
// to it, in barycentric coordinates. Rows are >= 0 and sum to 1, and vertices that were kept come
// back as they are.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "body/body_model.h"
#include "core/types.h"

namespace gyre {

// A level, seen from the finer one.
struct CoarseMesh {
  std::vector<int> kept;  // the finer level's vertices that it consists of, ascending
  Faces faces;            // of them
  std::vector<SurfacePoint> upsampling;  // of every finer vertex, on this level

  int num_vertices() const { return static_cast<int>(kept.size()); }
};

// Vertices [V,3] and faces [F,3] in `levels` coarser versions, the first of which is coarsened from
// them and each other from the one before. Fewer vertices than four times those of a level stay
// only where no edge may collapse any more.
std::vector<CoarseMesh> MakeMeshHierarchy(const Points3& vertices, const Faces& faces, int levels);

// The same of a body's template. Made once for a template, and then kept. Threads may call it.
std::shared_ptr<const std::vector<CoarseMesh>> HierarchyOf(const BodyModel& model, int levels);

// The vertices of the last level, by their numbers in the first mesh; all of `num_vertices` without
// a level.
std::vector<int> KeptOfAll(std::span<const CoarseMesh> levels, int num_vertices);

// Points of a coarse level [C,3] -> of the finer one [V,3].
Points3 Upsample(const CoarseMesh& level, const Points3& coarse);

// Means over neighbourhoods [V,V]: each row has equal entries, which sum to 1, for the vertex
// itself and those that a walk over exactly `walk` edges of the faces leads to. Source: GraphCMR.
SparseRows NeighbourMeans(const Faces& faces, int num_vertices, int walk = 1);

// Vertices about the middle of their box, its longest side from -1 to 1. Source: GraphCMR.
Points3 NormalizedToBox(const Points3& vertices);

}  // namespace gyre
