// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/collision.h"

#include <cmath>
#include <map>

namespace gyre {

CollisionTerm::CollisionTerm(const BodyModel& body, std::vector<FacePair> pairs, ConeField field,
                             double weight)
    : Term("collision", weight, static_cast<int>(pairs.size())), field_(field) {
  std::map<int, int> place_of;
  std::vector<int> vertices;
  for (const auto& [first, second] : pairs) {
    Corners& corners = pairs_.emplace_back();
    for (int i = 0; i < 6; ++i) {
      const int vertex = body.faces(i < 3 ? first : second, i % 3);
      const auto [it, is_new] = place_of.try_emplace(vertex, static_cast<int>(vertices.size()));
      if (is_new) vertices.push_back(vertex);
      corners[i] = it->second;
    }
  }
  vertices_ = std::make_unique<const FoldedJoints>(FoldedJoints::Vertices(body, vertices));
}

bool CollisionTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                             std::span<JacobianRows> jacobians) const {
  Points3 positions;
  RowMatX jacobian;
  FoldedOptions options;
  options.correctives = FoldedOptions::Correctives::kChain;
  const bool linearise = !jacobians.empty();
  vertices_->Evaluate(frames[0].params, &positions, linearise ? &jacobian : nullptr, options);
  for (size_t row = 0; row < pairs_.size(); ++row) {
    Triangle triangles[2];
    for (int i = 0; i < 6; ++i) triangles[i / 3].row(i % 3) = positions.row(pairs_[row][i]);
    std::array<SixCorners, 6> derivatives;
    const auto r =
        ConeResiduals(triangles[0], triangles[1], field_, linearise ? &derivatives : nullptr);
    const double norm = r.norm();
    residuals[row] = weight() * norm;
    if (!linearise || norm == 0) continue;
    SixCorners slope = SixCorners::Zero();
    for (int k = 0; k < 6; ++k) slope += weight() * r[k] / norm * derivatives[k];
    for (int i = 0; i < 6; ++i) {
      jacobians[0].row(row).noalias() += slope.row(i) * jacobian.middleRows<3>(3 * pairs_[row][i]);
    }
  }
  return true;
}

}  // namespace gyre
