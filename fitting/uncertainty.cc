// SPDX-License-Identifier: Apache-2.0
#include "fitting/uncertainty.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/so3.h"
#include "fitting/backends/dense_kernels.h"
#include "fitting/backends/smpl_sizes.h"

namespace gyre {
namespace {

// L^-1 of the rows and columns from `begin` on times `columns`, a multiple of four of them, in
// place.
void SolveLower(const Eigen::LLT<Eigen::MatrixXd>& factor, Eigen::Index begin, RowMatX* columns) {
  const auto n = static_cast<int>(factor.rows());
  const double* const upper = factor.matrixLLT().data() + begin * (n + 1);  // L^T, row by row
  BestKernels<SmplSizes::kParams>().solve_transposed(
      upper, n - static_cast<int>(begin), n, columns->data(), static_cast<int>(columns->cols()));
}

// Squared norms of columns of L^-1, which are the diagonal of (L L^T)^-1. [n]
// Column i begins at row i: they are solved for in groups, each without the rows before it.
VecX DiagonalOfInverse(const Eigen::LLT<Eigen::MatrixXd>& factor, Eigen::Index count) {
  constexpr Eigen::Index kGroup = 16;
  const Eigen::Index n = factor.rows();
  VecX diagonal(count);
  RowMatX columns;
  for (Eigen::Index begin = 0; begin < count; begin += kGroup) {
    const Eigen::Index width = std::min(kGroup, count - begin);
    columns.setIdentity(n - begin, kGroup);
    SolveLower(factor, begin, &columns);
    diagonal.segment(begin, width) = columns.leftCols(width).colwise().squaredNorm().transpose();
  }
  return diagonal;
}

// Adds one Gaussian's second moments to the sums that FitUncertainty's members are made of.
class Moments {
 public:
  Moments(const Posterior& posterior, const FoldedJoints& skeleton, const BodyParams& params)
      : posterior_(posterior),
        skeleton_(skeleton),
        params_(params),
        here_(skeleton.Positions(params)),
        depth(VecX::Zero(params.num_joints())),
        rotation(VecX::Zero(params.num_joints())),
        position(static_cast<size_t>(params.num_joints()), Mat3::Zero()) {}

  void Add(const PosteriorGaussian& gaussian) {
    const int joints = params_.num_joints();
    const auto n = static_cast<Eigen::Index>(posterior_.params.size());
    Points3 there;
    RowMatX jacobian;
    skeleton_.Evaluate(gaussian.mean, &there, &jacobian);
    // L^-1 J^T, of positions, and zeros.
    RowMatX spread =
        RowMatX::Zero(n, (3 * joints + kNormalBlock - 1) / kNormalBlock * kNormalBlock);
    for (Eigen::Index i = 0; i < n; ++i) {
      spread.row(i).head(3 * joints) =
          jacobian.col(posterior_.params[static_cast<size_t>(i)]).transpose();
    }
    SolveLower(gaussian.information, 0, &spread);
    const double within = gaussian.weight * posterior_.noise_px * posterior_.noise_px;
    const Points3 moved = there - here_;
    for (int k = 0; k < joints; ++k) {
      const auto of_joint = spread.middleCols<3>(3 * k);
      const Vec3 offset = moved.row(k).transpose();
      position[static_cast<size_t>(k)] +=
          within * of_joint.transpose() * of_joint + gaussian.weight * offset * offset.transpose();
      depth[k] += within * (spread.col(3 * k + 2) - spread.col(2)).squaredNorm() +
                  gaussian.weight * std::pow(moved(k, 2) - moved(0, 2), 2);
    }
    AddRotations(gaussian, within);
  }

 private:
  void AddRotations(const PosteriorGaussian& gaussian, double within) {
    const int num_pose = 3 * params_.num_joints();
    const auto& moving = posterior_.params;
    const auto count = std::lower_bound(moving.begin(), moving.end(), num_pose) - moving.begin();
    const VecX variance = DiagonalOfInverse(gaussian.information, count);
    for (Eigen::Index i = 0; i < count; ++i) {
      rotation[moving[static_cast<size_t>(i)] / 3] += within * variance[i];
    }
    for (int k = 0; k < params_.num_joints(); ++k) {
      const Vec3 here = params_.rotation(k), there = gaussian.mean.rotation(k);
      if (here == there) continue;
      rotation[k] +=
          gaussian.weight * LogSO3(ExpSO3(here).transpose() * ExpSO3(there)).squaredNorm();
    }
  }

  const Posterior& posterior_;
  const FoldedJoints& skeleton_;
  const BodyParams& params_;
  Points3 here_;

 public:
  VecX depth, rotation;
  std::vector<Mat3> position;
};

}  // namespace

FitUncertainty EstimateUncertainty(const Posterior& posterior, const FoldedJoints& skeleton,
                                   const BodyParams& params) {
  GYRE_CHECK(skeleton.size() == params.num_joints());
  Moments moments(posterior, skeleton, params);
  for (const PosteriorGaussian& gaussian : posterior.gaussians) moments.Add(gaussian);
  FitUncertainty uncertainty;
  uncertainty.depth_sd_m = moments.depth.cwiseSqrt();
  uncertainty.rotation_sd_rad = (moments.rotation / 3).cwiseSqrt();
  uncertainty.joint_cov_m2 = std::move(moments.position);
  return uncertainty;
}

}  // namespace gyre
