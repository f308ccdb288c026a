// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/silhouette.h"

#include <cmath>
#include <map>
#include <utility>

namespace gyre {
namespace {

constexpr double kNearestM = 0.01;  // metres in front of the camera

}  // namespace

SilhouetteTerm::SilhouetteTerm(const BodyModel& body, std::shared_ptr<const SilhouetteField> field,
                               std::vector<int> vertices, std::vector<OutlineMatch> matches,
                               const SilhouetteScale& scale)
    : Term("silhouette", scale.weight, static_cast<int>(vertices.size() + matches.size())),
      field_(std::move(field)),
      num_inside_(static_cast<int>(vertices.size())),
      matches_(std::move(matches)),
      scale_(scale) {
  std::map<int, int> place_of;
  std::vector<int> distinct;
  const auto add = [&](int vertex) {
    const auto [it, is_new] = place_of.try_emplace(vertex, static_cast<int>(distinct.size()));
    if (is_new) distinct.push_back(vertex);
    place_of_row_.push_back(it->second);
  };
  for (const int vertex : vertices) add(vertex);
  for (const OutlineMatch& match : matches_) add(match.vertex);
  vertices_ = std::make_unique<const FoldedJoints>(FoldedJoints::Vertices(body, distinct));
}

bool SilhouetteTerm::Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                              std::span<JacobianRows> jacobians) const {
  Points3 positions;
  RowMatX jacobian;
  const bool linearise = !jacobians.empty();
  vertices_->Evaluate(frames[0].params, &positions, linearise ? &jacobian : nullptr);
  const double inverse_sigma2 = scale_.sigma_px > 0 ? 1 / (scale_.sigma_px * scale_.sigma_px) : 0;
  for (int row = 0; row < rows(); ++row) {
    const int place = place_of_row_[row];
    const Vec3 point = positions.row(place);
    if (!(point.z() > kNearestM)) return false;
    const Vec2 pixel = scale_.camera.Project(point);
    Vec2 slope;  // d distance / d pixel
    double distance;
    if (row < num_inside_) {
      distance = field_->Outside(pixel, &slope);
    } else {
      const OutlineMatch& match = matches_[row - num_inside_];
      slope = match.normal;
      distance = slope.dot(pixel + match.offset_px - match.contour_px);
    }
    const double e = scale_.pixel_scale * distance, q = std::sqrt(1 + inverse_sigma2 * e * e);
    residuals[row] = weight() * e / q;
    if (!linearise || slope.isZero(0)) continue;
    // dr/de = weight / q^3, and of the projection f / z (1, 0, -x / z; 0, 1, -y / z).
    const Vec2 dr_dpixel = weight() * scale_.pixel_scale / (q * q * q) * slope;
    const double focal = scale_.camera.focal_px / point.z();
    const Vec3 dr_dpoint(focal * dr_dpixel.x(), focal * dr_dpixel.y(),
                         -focal * dr_dpixel.dot(point.head<2>()) / point.z());
    jacobians[0].row(row).noalias() += dr_dpoint.transpose() * jacobian.middleRows<3>(3 * place);
  }
  return true;
}

}  // namespace gyre
