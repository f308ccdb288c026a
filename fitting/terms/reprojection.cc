// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/reprojection.h"

#include <cmath>
#include <utility>

#include "core/error.h"
#include "fitting/fit_options.h"
#include "fitting/observations.h"
#include "fitting/terms/term_list.h"

namespace gyre {
namespace {

constexpr double kMinDepth = 0.01;  // metres in front of the camera

}  // namespace

ReprojectionTerm::ReprojectionTerm(std::vector<Observation> observations, std::vector<View> views,
                                   bool robust_per_coordinate)
    : JointTerm("reprojection", 1, static_cast<int>(observations.size()), 2),
      observations_(std::move(observations)),
      views_(std::move(views)),
      robust_per_coordinate_(robust_per_coordinate) {
  for (const Observation& observation : observations_) {
    GYRE_CHECK(observation.view >= 0 && observation.view < static_cast<int>(views_.size()));
  }
}

// dr = de / q - e (e . de) / (sigma^2 q^3), q = sqrt(1 + |e|^2 / sigma^2).
bool ReprojectionTerm::EvaluateAt(int group, double sigma_px, const Vec3& joint, Vec3* residual,
                                  Derivative* derivative) const {
  const Observation& observation = observations_[group];
  const View& view = views_[observation.view];
  const Vec3 point = view.rotation * joint + view.translation;
  if (!(point.z() > kMinDepth)) return false;
  const Vec2 e = view.pixel_scale * (view.camera.Project(point) - observation.point_px);

  Eigen::Matrix2d dr_de = Eigen::Matrix2d::Identity();
  Vec2 r = observation.weight * e;
  if (sigma_px > 0) {
    const double own_sigma_px = observation.sigma_scale * sigma_px;
    const double inverse_sigma2 = 1 / (own_sigma_px * own_sigma_px);
    if (robust_per_coordinate_) {
      const Vec2 q = (1 + inverse_sigma2 * e.array().square()).sqrt();
      r = r.cwiseQuotient(q).eval();
      dr_de.diagonal() = q.array().cube().inverse();
    } else {
      const double q = std::sqrt(1 + inverse_sigma2 * e.squaredNorm());
      r /= q;
      dr_de = Eigen::Matrix2d::Identity() / q - inverse_sigma2 / (q * q * q) * e * e.transpose();
    }
  }
  residual->head<2>() = r;
  Eigen::Matrix<double, 2, 3> de_dpoint;
  de_dpoint << 1, 0, -point.x() / point.z(), 0, 1, -point.y() / point.z();
  const double focal = view.pixel_scale * view.camera.focal_px;
  const Eigen::Matrix<double, 2, 3, Eigen::RowMajor> dr_djoint =
      (observation.weight * focal / point.z() * dr_de * de_dpoint) * view.rotation;
  derivative->topRows<2>() = dr_djoint;
  return true;
}

std::unique_ptr<const Term> MakeReprojectionTerm(const TermSources& sources) {
  const bool body = sources.stage == FitStage::kBody;
  const auto& observations = body ? sources.observed.body : sources.observed.torso;
  if (observations.empty()) return nullptr;
  return std::make_unique<ReprojectionTerm>(
      observations, sources.observed.views,
      body && sources.options.robust_norm == RobustNorm::kPerCoordinate);
}

}  // namespace gyre
