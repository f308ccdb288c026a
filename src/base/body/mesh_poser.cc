// SPDX-License-Identifier: Apache-2.0
#include "body/mesh_poser.h"

#include "core/error.h"

namespace gyre {
namespace {

constexpr double kSameFeature = 1e-4;

}  // namespace

CorrectedRows::CorrectedRows(const BodyModel& model)
    : model_(model), rows_(model.num_joints()), dirs_(model.num_joints()) {
  for (int row = 0; row < model.posedirs.rows(); ++row) {
    for (int k = 1; k < model.num_joints(); ++k) {
      if (!model.posedirs.row(row).segment<9>(9 * (k - 1)).isZero(0)) rows_[k].push_back(row);
    }
  }
  for (int k = 1; k < model.num_joints(); ++k) {
    dirs_[k] = model.posedirs(rows_[k], Eigen::seqN(9 * (k - 1), 9));
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
    const std::vector<int>& rows = rows_.OfJoint(k);
    for (size_t i = 0; i < rows.size(); ++i) {
      correctives_[rows[i]] += rows_.Dirs(k).row(static_cast<int>(i)).head<9>().dot(change);
    }
    feature_.segment<9>(9 * (k - 1)) += change;
  }
  return PoseBody(model, params, &correctives_).vertices;
}

}  // namespace gyre
