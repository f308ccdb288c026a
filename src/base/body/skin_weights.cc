// SPDX-License-Identifier: Apache-2.0
#include "body/skin_weights.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "body/surface_nets.h"

namespace gyre {

RowMatX DiffuseOverSkin(RowMatX field, const Faces& faces, int rounds) {
  const int n = static_cast<int>(field.rows());
  const std::vector<std::vector<int>> neighbours = VertexNeighbours(faces, n);
  for (int round = 0; round < rounds; ++round) {
    const RowMatX before = field;
    for (int v = 0; v < n; ++v) {
      if (neighbours[v].empty()) continue;
      Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(field.cols());
      for (int other : neighbours[v]) sum += before.row(other);
      field.row(v) = 0.5 * before.row(v) + 0.5 * sum / static_cast<double>(neighbours[v].size());
    }
  }
  return field;
}

SparseRows KeepFewBones(const RowMatX& weights) {
  constexpr int kBones = 4;
  constexpr double kLeast = 1e-3;
  const int n = static_cast<int>(weights.rows());
  std::vector<Eigen::Triplet<double>> entries;
  for (int v = 0; v < n; ++v) {
    Eigen::RowVectorXd row = weights.row(v);
    Eigen::RowVectorXd sorted = row;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    const double bound = std::max(sorted[kBones], kLeast * sorted.sum());
    row = (row.array() > bound).select(row, 0.0);
    row /= row.sum();
    for (int k = 0; k < weights.cols(); ++k) {
      if (row[k] > 0) entries.emplace_back(v, k, row[k]);
    }
  }
  SparseRows sparse(n, weights.cols());
  sparse.setFromTriplets(entries.begin(), entries.end());
  return sparse;
}

SparseRows DiffuseWeights(RowMatX weights, const Faces& faces, int rounds) {
  return KeepFewBones(DiffuseOverSkin(std::move(weights), faces, rounds));
}

}  // namespace gyre
