// SPDX-License-Identifier: Apache-2.0
#include "fitting/placement.h"

#include <cmath>

#include "core/align.h"

namespace gyre {

namespace {

// 3D joints with those of a body, row by row.
struct Pairs {
  Points3 body, points;
  VecX weights;
};

Pairs PairsOf(const std::vector<PointObservation>& observations, const Points3& distinct) {
  const int n = static_cast<int>(observations.size());
  Pairs pairs{Points3(n, 3), Points3(n, 3), VecX(n)};
  for (int i = 0; i < n; ++i) {
    pairs.body.row(i) = distinct.row(observations[i].joint);
    pairs.points.row(i) = observations[i].point.transpose();
    pairs.weights[i] = observations[i].weight;
  }
  return pairs;
}

constexpr size_t kEnoughPoints = 3;

}  // namespace

std::optional<Mat3> TurnOntoPoints(const Observations& observed, const FoldedJoints& joints,
                                   const BodyParams& params) {
  const std::vector<PointObservation>& points =
      observed.torso_points.size() < kEnoughPoints ? observed.body_points : observed.torso_points;
  if (points.size() < kEnoughPoints) return std::nullopt;
  const Pairs pairs = PairsOf(points, joints.Positions(params));
  return AlignSimilarity(pairs.body, pairs.points, &pairs.weights, /*with_scale=*/false).rotation;
}

std::optional<Vec3> PlaceBody(const FitProblem& problem, const Observations& observed,
                              const FoldedJoints& joints, BodyParams params) {
  params.transl().setZero();
  Points3 distinct = joints.Positions(params);
  if (observed.body_points.size() >= kEnoughPoints) {
    const Pairs pairs = PairsOf(observed.body_points, distinct);
    return (pairs.points - pairs.body).transpose() * pairs.weights / pairs.weights.sum();
  }
  const int main = problem.MainCamera();
  const FitView view = problem.Seen(main);
  distinct *= view.rotation.transpose();
  std::vector<Observation> observations = observed.body;
  std::erase_if(observations, [&](const Observation& one) { return one.view != main; });
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
  const double depth = view.camera.focal_px * spread3 / spread2;
  if (!std::isfinite(depth) || depth <= 0) return std::nullopt;

  const auto in_front = [&](const Vec3& t) { return points.col(2).minCoeff() + t.z() > 0.1; };
  const auto params_from_view = [&](const Vec3& t) -> Vec3 {
    return view.rotation.transpose() * (t - view.translation);
  };
  const auto least_squares = EstimateTranslation(points, pixels, confidence, view.camera);
  if (least_squares && least_squares->z() + centre3.z() > 0.5 * depth && in_front(*least_squares)) {
    return params_from_view(*least_squares);
  }
  Vec3 translation;
  translation << depth / view.camera.focal_px * (centre2.transpose() - view.camera.center_px) -
                     centre3.head<2>().transpose(),
      depth - centre3.z();
  if (!translation.allFinite() || !in_front(translation)) return std::nullopt;
  return params_from_view(translation);
}

}  // namespace gyre
