// SPDX-License-Identifier: Apache-2.0
#include "core/align.h"

#include <Eigen/LU>
#include <Eigen/SVD>

#include "core/error.h"

namespace gyre {

Points3 Similarity::Apply(const Points3& points) const {
  return (scale * points * rotation.transpose()).rowwise() + translation.transpose();
}

Similarity AlignSimilarity(const Points3& source, const Points3& target, const VecX* weights,
                           bool with_scale) {
  GYRE_CHECK(source.rows() == target.rows() && source.rows() > 0);
  VecX w = weights ? *weights : VecX::Ones(source.rows());
  GYRE_CHECK(w.size() == source.rows() && w.sum() > 0);
  w /= w.sum();
  const Eigen::RowVector3d source_mean = w.transpose() * source;
  const Eigen::RowVector3d target_mean = w.transpose() * target;
  const Points3 s = source.rowwise() - source_mean;
  const Points3 t = target.rowwise() - target_mean;
  const double variance = (s.rowwise().squaredNorm().array() * w.array()).sum();
  Similarity result;
  if (variance > 0) {
    const Mat3 k = s.transpose() * w.asDiagonal() * t;
    const Eigen::JacobiSVD<Mat3> svd(k, Eigen::ComputeFullU | Eigen::ComputeFullV);
    const double sign = (svd.matrixV() * svd.matrixU().transpose()).determinant() < 0 ? -1 : 1;
    result.rotation = svd.matrixV() * Vec3(1, 1, sign).asDiagonal() * svd.matrixU().transpose();
    if (with_scale) result.scale = (result.rotation * k).trace() / variance;
  }
  result.translation =
      target_mean.transpose() - result.scale * result.rotation * source_mean.transpose();
  return result;
}

std::optional<Vec3> EstimateTranslation(const Points3& points, const Points2& keypoints_px,
                                        const VecX& confidence, const Camera& camera) {
  GYRE_CHECK(points.rows() == keypoints_px.rows() && points.rows() == confidence.size());
  Mat3 a = Mat3::Zero();
  Vec3 b = Vec3::Zero();
  int observed = 0;
  for (int i = 0; i < points.rows(); ++i) {
    if (!(confidence[i] > 0)) continue;
    ++observed;
    const Vec3 p = points.row(i).transpose();
    const Vec2 d = keypoints_px.row(i).transpose() - camera.center_px;
    for (int k = 0; k < 2; ++k) {
      Vec3 row = Vec3::Zero();
      row[k] = camera.focal_px;
      row.z() = -d[k];
      a += confidence[i] * row * row.transpose();
      b += confidence[i] * row * (d[k] * p.z() - camera.focal_px * p[k]);
    }
  }
  if (observed < 2) return std::nullopt;
  const Vec3 t = a.fullPivLu().solve(b);
  if (!t.allFinite() || !(t.z() > 0) || (a * t - b).norm() > 1e-6 * b.norm() + 1e-9) {
    return std::nullopt;
  }
  return t;
}

}  // namespace gyre
