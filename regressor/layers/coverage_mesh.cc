// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/error.h"
#include "regressor/layers/mesh_coverage.h"

namespace gyre {

CoverageMesh::CoverageMesh(const Faces& f, int64_t vertices, std::vector<uint8_t> classes)
    : num_vertices(vertices), class_of_face(std::move(classes)) {
  if (class_of_face.empty()) class_of_face.assign(f.rows(), 0);
  GYRE_CHECK(static_cast<Eigen::Index>(class_of_face.size()) == f.rows());
  struct Half {
    int32_t low, high;
    Side side;
  };
  std::vector<Half> halves;
  for (int32_t i = 0; i < f.rows(); ++i) {
    num_classes = std::max(num_classes, 1 + class_of_face[i]);
    faces.push_back({f(i, 0), f(i, 1), f(i, 2)});
    for (int k = 0; k < 3; ++k) {
      const int32_t from = f(i, k), to = f(i, (k + 1) % 3);
      GYRE_CHECK(from >= 0 && from < vertices, "vertex {} of {}", from, vertices);
      if (from == to) continue;
      halves.push_back(
          {std::min(from, to), std::max(from, to), {i, static_cast<int8_t>(from < to ? 1 : -1)}});
    }
  }
  GYRE_CHECK(num_classes <= kMostClasses, "{} classes", num_classes);
  std::stable_sort(halves.begin(), halves.end(), [](const Half& a, const Half& b) {
    return std::pair(a.low, a.high) < std::pair(b.low, b.high);
  });
  int balance = 0;
  for (size_t i = 0; i < halves.size(); ++i) {
    const Half& half = halves[i];
    if (edges.empty() || edges.back() != std::array{half.low, half.high}) {
      closed = closed && balance == 0;
      balance = 0;
      edges.push_back({half.low, half.high});
      sides_begin.push_back(static_cast<int32_t>(i));
    }
    balance += half.side.sign;
    sides.push_back(half.side);
  }
  closed = closed && balance == 0;
  sides_begin.push_back(static_cast<int32_t>(sides.size()));
}

}  // namespace gyre
