// SPDX-License-Identifier: Apache-2.0
// Meshes as Wavefront OBJ. Coordinates are passed through as they stand in the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace gyre {

// An OBJ file's polygons. Corners of face f are corners[face_start[f]] ... [face_start[f + 1] - 1].
struct ObjMesh {
  Points3 vertices;                    // [V, 3]
  std::vector<int32_t> corners;        // vertex indices from 0
  std::vector<int32_t> face_start;     // [F + 1]
  std::vector<std::string> groups;     // names met in `g` lines; "" before the first
  std::vector<int32_t> face_group;     // [F] position in groups
  std::vector<std::string> materials;  // names met in `usemtl` lines; "" before the first
  std::vector<int32_t> face_material;  // [F] position in materials

  int64_t face_count() const { return static_cast<int64_t>(face_group.size()); }
  // Polygons cut into triangles as a fan around their first corner.
  Faces Triangles() const;
};

// Texture coordinates and normals are checked for syntax only. UserError names the path and line.
ObjMesh ReadObj(const std::filesystem::path& path);
ObjMesh ParseObj(std::string_view content, const std::string& what);

// vertices [V, 3], faces [F, 3] from 0.
void WriteObj(const std::filesystem::path& path, const Points3& vertices, const Faces& faces);

}  // namespace gyre
