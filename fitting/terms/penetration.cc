// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/penetration.h"

#include <algorithm>

namespace gyre {
namespace {

std::vector<JointCombination> OffsetsOf(const BodyModel& body, std::span<const Penetration> found) {
  std::vector<JointCombination> offsets;
  for (const Penetration& one : found) {
    JointCombination& offset = offsets.emplace_back();
    offset.vertices.push_back({one.vertex, 1});
    for (int i = 0; i < 3; ++i) {
      offset.vertices.push_back({body.faces(one.face, i), -one.weights[i]});
    }
  }
  return offsets;
}

}  // namespace

PenetrationTerm::PenetrationTerm(const BodyModel& body, std::span<const Penetration> found,
                                 const Points3& vertices, const BodyParams& at, double margin_m,
                                 double weight)
    : Term("penetration", weight, static_cast<int>(found.size())),
      normals_(found.size(), 3),
      short_of_(found.size()),
      offsets_(FoldedJoints::OfSkin(body, OffsetsOf(body, found))) {
  const Points3 of_skin = offsets_.Positions(at);
  for (int row = 0; row < rows(); ++row) {
    const Penetration& one = found[row];
    Vec3 offset = vertices.row(one.vertex).transpose();
    for (int i = 0; i < 3; ++i) {
      offset -= one.weights[i] * vertices.row(body.faces(one.face, i)).transpose();
    }
    normals_.row(row) = one.normal.transpose();
    short_of_[row] = margin_m - one.normal.dot(offset - of_skin.row(row).transpose());
  }
}

bool PenetrationTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                               std::span<JacobianRows> jacobians) const {
  Points3 offsets;
  RowMatX jacobian;
  const bool linearise = !jacobians.empty();
  offsets_.Evaluate(frames[0].params, &offsets, linearise ? &jacobian : nullptr);
  for (int row = 0; row < rows(); ++row) {
    const double left = short_of_[row] - normals_.row(row).dot(offsets.row(row));
    residuals[row] = weight() * std::max(0.0, left);
    if (!linearise || left <= 0) continue;
    jacobians[0].row(row).noalias() =
        (-weight() * normals_.row(row)) * jacobian.middleRows<3>(3 * row);
  }
  return true;
}

}  // namespace gyre
