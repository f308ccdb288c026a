// SPDX-License-Identifier: Apache-2.0
// Simple closed meshes for the tests, counter-clockwise seen from outside.
#pragma once

#include <cmath>
#include <numbers>

#include "core/types.h"

namespace gyre {

struct TestMesh {
  Points3 vertices;
  Faces faces;
};

// Around the origin, 2 n meridians and n rings of faces.
inline TestMesh MakeSphere(double radius, int n) {
  const int columns = 2 * n;
  TestMesh mesh{Points3((n - 1) * columns + 2, 3), Faces(2 * columns * (n - 1), 3)};
  for (int i = 1; i < n; ++i) {
    for (int j = 0; j < columns; ++j) {
      const double polar = std::numbers::pi * i / n, azimuth = std::numbers::pi * j / n;
      mesh.vertices.row((i - 1) * columns + j) << radius * std::sin(polar) * std::cos(azimuth),
          radius * std::cos(polar), -radius * std::sin(polar) * std::sin(azimuth);
    }
  }
  const int top = (n - 1) * columns, bottom = top + 1;
  mesh.vertices.row(top) << 0, radius, 0;
  mesh.vertices.row(bottom) << 0, -radius, 0;
  int face = 0;
  for (int j = 0; j < columns; ++j) {
    const int next = (j + 1) % columns, last = (n - 2) * columns;
    mesh.faces.row(face++) << top, j, next;
    mesh.faces.row(face++) << bottom, last + next, last + j;
    for (int i = 0; i + 2 < n; ++i) {
      const int a = i * columns + j, b = i * columns + next;
      mesh.faces.row(face++) << a, a + columns, b;
      mesh.faces.row(face++) << b, a + columns, b + columns;
    }
  }
  return mesh;
}

}  // namespace gyre
