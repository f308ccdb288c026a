// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/hidden_coverage.h"

#include <nlohmann/json.hpp>
#include <numbers>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/projected_covariance.h"
#include "core/so3.h"

namespace gyre {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;

// "R_Knee": "Knee".
std::string KindOf(const std::string& joint) {
  return joint.size() > 2 && joint[1] == '_' ? joint.substr(2) : joint;
}

nlohmann::json Describe(const Coverage& coverage) {
  return {{"joints", coverage.count()},
          {"within_68", coverage.Within(0.68)},
          {"within_95", coverage.Within(0.95)},
          {"error_median", coverage.errors().Median()},
          {"error_p90", coverage.errors().Percentile(90)},
          {"stated_sd_median", coverage.deviations().Median()}};
}

nlohmann::json Percentiles(const Meter& meter) {
  return {{"p50", meter.Median()}, {"p90", meter.Percentile(90)}};
}

}  // namespace

nlohmann::json CoverageByJoint::ToJson() const {
  nlohmann::json json = Describe(all_);
  for (const auto& [kind, coverage] : by_kind_) json["by_joint"][kind] = Describe(coverage);
  return json;
}

HiddenCoverage::HiddenCoverage(const BodyModel& body, double annotators)
    : skeleton_(FoldedJoints::Skeleton(body)), annotators_(annotators) {}

void HiddenCoverage::Add(const Person& person, const Camera& camera, const FitResult& fit) {
  GYRE_CHECK(fit.uncertainty.has_value());
  ++persons_;
  const BodyLayout& layout = skeleton_.layout();
  const Points3 joints = skeleton_.Positions(fit.params);
  const bool known = person.params && person.params_have_translation && person.camera &&
                     person.params->Fits(layout);
  const Points3 truth = known ? skeleton_.Positions(*person.params) : Points3(0, 3);
  std::set<int> counted;
  for (const int i : person.held_out) {
    const std::string_view name = person.keypoints.set->joints[static_cast<size_t>(i)];
    const int k = KinematicJoint(layout, FindJoint(name));
    if (k < 0 || !counted.insert(k).second) continue;
    const std::string kind = KindOf(layout.joints[static_cast<size_t>(k)]);
    const Vec3 at = joints.row(k).transpose();
    const Mat3& cov_m2 = fit.uncertainty->joint_cov_m2[static_cast<size_t>(k)];
    const double annotators_px = annotators_ * person.held_out_unit_px;
    const Vec2 off_px = person.keypoints.px.row(i).transpose() - camera.Project(at);
    image_.Add<2>(kind, off_px,
                  ProjectedCovariance(camera, at, cov_m2) +
                      annotators_px * annotators_px * Eigen::Matrix2d::Identity(),
                  person.held_out_unit_px);
    if (known) space_.Add<3>(kind, truth.row(k).transpose() - at, cov_m2, 1);
  }
}

void HiddenCoverage::AddFull(const FitResult& fit, const FitResult& full) {
  for (const char* joint : {"L_Hip", "R_Hip", "L_Knee", "R_Knee"}) {
    const int k = skeleton_.layout().IndexOf(joint);
    if (k < 0) continue;
    const Mat3 turn = ExpSO3(fit.params.rotation(k)).transpose() * ExpSO3(full.params.rotation(k));
    turned_deg_.Add(kDegrees * LogSO3(turn).norm());
    stated_deg_.Add(kDegrees * fit.uncertainty->rotation_sd_rad[k]);
  }
}

nlohmann::json HiddenCoverage::ToJson() const {
  nlohmann::json json = {{"persons", persons_}, {"image", image_.ToJson()}};
  if (space_.all().count() > 0) json["space"] = space_.ToJson();
  if (turned_deg_.count() > 0) {
    json["hips_and_knees_from_full_fit_deg"] = Percentiles(turned_deg_);
    json["hips_and_knees_stated_sd_deg"] = Percentiles(stated_deg_);
  }
  return json;
}

}  // namespace gyre
