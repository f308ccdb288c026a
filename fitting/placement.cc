// SPDX-License-Identifier: Apache-2.0
#include "fitting/placement.h"

#include <cmath>

#include "core/align.h"

namespace gyre {

std::optional<Vec3> PlaceOverKeypoints(const FitProblem& problem, const KeypointRules& rules,
                                       const FoldedJoints& joints, BodyParams params) {
  params.transl.setZero();
  const Points3 distinct = joints.Positions(params);
  const std::vector<Observation> observations = rules.Body(problem);
  const int n = static_cast<int>(observations.size());
  if (n < 2) return std::nullopt;
  Points3 points(n, 3);
  Points2 pixels(n, 2);
  VecX confidence(n);
  for (int i = 0; i < n; ++i) {
    points.row(i) = distinct.row(observations[i].joint);
    pixels.row(i) = observations[i].point_px.transpose();
    confidence[i] = observations[i].weight;
  }
  const Eigen::RowVector3d centre3 = confidence.transpose() * points / confidence.sum();
  const Eigen::RowVector2d centre2 = confidence.transpose() * pixels / confidence.sum();
  const double spread3 = (points.leftCols<2>().rowwise() - centre3.head<2>()).norm();
  const double spread2 = (pixels.rowwise() - centre2).norm();
  const double depth = problem.camera.focal_px * spread3 / spread2;
  if (!std::isfinite(depth) || depth <= 0) return std::nullopt;

  const auto in_front = [&](const Vec3& t) { return points.col(2).minCoeff() + t.z() > 0.1; };
  const auto least_squares = EstimateTranslation(points, pixels, confidence, problem.camera);
  if (least_squares && least_squares->z() + centre3.z() > 0.5 * depth && in_front(*least_squares)) {
    return least_squares;
  }
  Vec3 translation;
  translation << depth / problem.camera.focal_px *
                         (centre2.transpose() - problem.camera.center_px) -
                     centre3.head<2>().transpose(),
      depth - centre3.z();
  if (!translation.allFinite() || !in_front(translation)) return std::nullopt;
  return translation;
}

}  // namespace gyre
