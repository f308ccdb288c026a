// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/term.h"

#include <array>

#include "core/error.h"

namespace gyre {

void JointTerm::MarkJoints(std::span<uint8_t> used) const {
  for (int group = 0; group < num_groups(); ++group) used[Joint(group)] = 1;
}

template <int N>
bool JointTerm::EvaluateGroups(const TermFrame& frame, Eigen::Ref<VecX> residuals,
                               std::span<JacobianRows> jacobians) const {
  for (int group = 0; group < num_groups(); ++group) {
    const int joint = Joint(group), row = group * N;
    Vec3 residual;
    Derivative derivative;
    if (!EvaluateAt(group, frame.sigma_px, frame.joints.row(joint).transpose(), &residual,
                    &derivative)) {
      return false;
    }
    residuals.segment<N>(row) = residual.head<N>();
    if (jacobians.empty()) continue;
    const Eigen::Matrix<double, N, 3, Eigen::RowMajor> of_residual = derivative.topRows<N>();
    jacobians[0].middleRows<N>(row).noalias() =
        of_residual.lazyProduct(frame.joint_jacobian->middleRows<3>(3 * joint));
  }
  return true;
}

bool JointTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                         std::span<JacobianRows> jacobians) const {
  return rows_each_ == 2 ? EvaluateGroups<2>(frames[0], residuals, jacobians)
                         : EvaluateGroups<3>(frames[0], residuals, jacobians);
}

bool ParamTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                         std::span<JacobianRows> jacobians) const {
  std::array<Row, kMaxParams> filled;
  GYRE_CHECK(rows() <= kMaxParams);
  FillRows(frames[0].params, frames[0].anchor, filled.data());
  for (int i = 0; i < rows(); ++i) {
    residuals[i] = filled[i].residual;
    if (!jacobians.empty()) jacobians[0](i, filled[i].param) = filled[i].derivative;
  }
  return true;
}

}  // namespace gyre
