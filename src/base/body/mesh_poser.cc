// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_poser.h"

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kSameFeature = 1e-4;

}  // namespace

CorrectedRows::CorrectedRows(const BodyModel& model) : model_(model), rows_(model.num_joints()) {
  for (int row = 0; row < model.posedirs.rows(); ++row) {
    for (int k = 1; k < model.num_joints(); ++k) {
      if (!model.posedirs.row(row).segment<9>(9 * (k - 1)).isZero(0)) rows_[k].push_back(row);
    }
  }
}

MeshPoser::MeshPoser(const CorrectedRows& rows)
    : rows_(rows),
      feature_(VecX::Zero(rows.model().posedirs.cols())),
      correctives_(VecX::Zero(3 * rows.model().num_vertices())) {}

Points3 MeshPoser::Vertices(const BodyParams& params) {
  const BodyModel& model = rows_.model();
  const VecX feature = PoseFeature(params);
  for (int k = 1; k < model.num_joints(); ++k) {
    const Eigen::Matrix<double, 9, 1> change =
        feature.segment<9>(9 * (k - 1)) - feature_.segment<9>(9 * (k - 1));
    if (change.norm() <= kSameFeature) continue;
    for (const int row : rows_.OfJoint(k)) {
      correctives_[row] += model.posedirs.row(row).segment<9>(9 * (k - 1)).dot(change);
    }
    feature_.segment<9>(9 * (k - 1)) += change;
  }
  return PoseBody(model, params, &correctives_).vertices;
}

}  // namespace gyre
