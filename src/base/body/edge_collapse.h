// SPDX-License-Identifier: Apache-2.0
// Coarsens a mesh without moving a vertex: see mesh_hierarchy.h.
#pragma once

#include <vector>

#include "core/types.h"

namespace gyre {

struct CollapsedMesh {
  std::vector<int> kept;  // vertices that are left, ascending
  Faces faces;            // of them, by their places in `kept`
};

// Down to `target` vertices, or as far as edges may collapse. Faces that name a vertex twice are
// left out.
CollapsedMesh CollapseEdges(const Points3& vertices, const Faces& faces, int target);

}  // namespace gyre
