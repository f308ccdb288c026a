// SPDX-License-Identifier: Apache-2.0
#include "fitting/quality.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string_view>

#include "body/anatomy.h"
#include "core/align.h"
#include "fitting/quality_table.h"

namespace gyre {
namespace {

constexpr double kSigmaPx = 15;
constexpr std::array<std::string_view, 14> kCommonJoints = {
    "R_Ankle", "R_Knee",     "R_Hip",      "L_Hip",   "L_Knee",  "L_Ankle", "R_Wrist",
    "R_Elbow", "R_Shoulder", "L_Shoulder", "L_Elbow", "L_Wrist", "Neck",    "Head"};
constexpr std::array<std::array<std::string_view, 2>, 8> kLimbs = {{{"R_Hip", "R_Knee"},
                                                                    {"L_Hip", "L_Knee"},
                                                                    {"R_Knee", "R_Ankle"},
                                                                    {"L_Knee", "L_Ankle"},
                                                                    {"R_Shoulder", "R_Elbow"},
                                                                    {"L_Shoulder", "L_Elbow"},
                                                                    {"R_Elbow", "R_Wrist"},
                                                                    {"L_Elbow", "L_Wrist"}}};

template <size_t N>
double Logistic(const std::array<double, N>& factors, const std::array<double, N>& weights) {
  const double sum =
      std::inner_product(factors.begin(), factors.end(), weights.begin(), 0.0);
  return 1 / (1 + std::exp(-sum));
}

// How surely one of these keypoints is observed.
double MostConfident(const KeypointSet& set, const VecX& confidence,
                     std::span<const std::string_view> names) {
  double most = 0;
  for (const std::string_view name : names) {
    if (const int i = set.IndexOf(name); i >= 0) most = std::max(most, confidence[i]);
  }
  return std::min(most, 1.0);
}

double RobustError(const FitProblem& problem, const VecX& errors_px) {
  double sum = 0, weight = 0;
  for (int i = 0; i < errors_px.size(); ++i) {
    if (!std::isfinite(errors_px[i])) continue;
    const double e2 = std::pow(errors_px[i] * problem.pixel_scale, 2);
    const double c2 = problem.confidence[i] * problem.confidence[i];
    sum += c2 * e2 * kSigmaPx * kSigmaPx / (e2 + kSigmaPx * kSigmaPx);
    weight += c2;
  }
  return weight > 0 ? sum / weight : kSigmaPx * kSigmaPx;
}

}  // namespace

std::array<double, 5> FactorsWithSd(const QualityEvidence& evidence) {
  return {1, std::log(evidence.prior_energy + 5), std::log(evidence.robust_px2 + 5),
          evidence.slant, std::log(evidence.sd_share + 0.03)};
}

std::array<double, 6> FactorsWithoutSd(const QualityEvidence& evidence) {
  return {1,
          std::log(evidence.prior_energy + 5),
          std::log(evidence.robust_px2 + 5),
          evidence.slant,
          evidence.unseen_ends,
          evidence.unseen_torso};
}

double QualityOf(const QualityEvidence& evidence, const QualityTable& table) {
  return std::isfinite(evidence.sd_share) ? Logistic(FactorsWithSd(evidence), table.with_sd)
                                          : Logistic(FactorsWithoutSd(evidence), table.without_sd);
}

double QualityOf(const QualityEvidence& evidence) { return QualityOf(evidence, kQualityTable); }

QualityJudge::QualityJudge(const Fitter& fitter)
    : fitter_(fitter), skeleton_(FoldedJoints::Skeleton(fitter.body())) {
  const BodyLayout& layout = skeleton_.layout();
  for (const std::string_view name : kCommonJoints) {
    if (const int k = layout.IndexOf(std::string(name)); k >= 0) joints_.push_back(k);
  }
  for (const auto& [from, to] : kLimbs) {
    const int a = layout.IndexOf(std::string(from)), b = layout.IndexOf(std::string(to));
    if (a >= 0 && b >= 0) limbs_.push_back({a, b});
  }
  least_energy_ = std::numeric_limits<double>::infinity();
  for (const LayoutPrior::Component& component : fitter.layout_prior().components()) {
    least_energy_ = std::min(least_energy_, component.neg_log_weight);
  }
}

Points3 QualityJudge::JointsOf(const BodyParams& params) const {
  return skeleton_.Positions(params)(joints_, Eigen::all);
}

double QualityJudge::SdShare(const FitProblem& problem, const FitResult& fit) const {
  if (!fit.uncertainty || joints_.empty()) return std::numeric_limits<double>::quiet_NaN();
  double sd_m = 0;
  for (const int k : joints_) {
    const Mat3& cov_m2 = fit.uncertainty->joint_cov_m2[static_cast<size_t>(k)];
    sd_m += std::sqrt(std::max(0.0, cov_m2(0, 0) + cov_m2(1, 1)));
  }
  Eigen::AlignedBox2d observed_px;
  const VecX& errors_px = fit.summary.per_joint_error_px;
  for (int i = 0; i < errors_px.size(); ++i) {
    if (std::isfinite(errors_px[i])) {
      observed_px.extend(Vec2(problem.keypoints_px.row(i).transpose()));
    }
  }
  if (observed_px.isEmpty()) return std::numeric_limits<double>::quiet_NaN();
  const double depth_m = skeleton_.Positions(fit.params)(0, 2);
  const double extent_m = observed_px.sizes().maxCoeff() * depth_m / problem.camera.focal_px;
  return sd_m / static_cast<double>(joints_.size()) / std::max(extent_m, 1e-3);
}

QualityEvidence QualityJudge::Evidence(const FitProblem& problem, const FitResult& fit) const {
  QualityEvidence evidence;
  if (std::isfinite(least_energy_)) {
    evidence.prior_energy = std::max(0.0, fit.summary.score.pose_prior - least_energy_);
  }
  evidence.robust_px2 = RobustError(problem, fit.summary.per_joint_error_px);
  const Points3 joints = skeleton_.Positions(fit.params);
  for (const auto& [from, to] : limbs_) {
    const Vec3 limb = (joints.row(to) - joints.row(from)).transpose();
    evidence.slant +=
        std::abs(limb.z()) / std::max(limb.norm(), 1e-9) / static_cast<double>(limbs_.size());
  }
  evidence.sd_share = SdShare(problem, fit);
  const KeypointSet& set = fitter_.keypoints();
  for (const LimbJoint& end : LimbJoints()) {
    evidence.unseen_ends += MostConfident(set, problem.confidence, end.names) == 0;
  }
  for (size_t i = 0; i < kOpenPoseTorso.size(); ++i) {
    const std::array<std::string_view, 2> names = {kOpenPoseTorso[i], kAnnotatedTorso[i]};
    evidence.unseen_torso += 1 - MostConfident(set, problem.confidence, names);
  }
  return evidence;
}

double QualityJudge::operator()(const FitProblem& problem, const FitResult& fit) const {
  const FitSummary& summary = fit.summary;
  const bool fitted = summary.usable || summary.reason == FitReason::kLargeError;
  return fitted ? QualityOf(Evidence(problem, fit)) : std::numeric_limits<double>::quiet_NaN();
}

double QualityJudge::ErrorMm(const BodyParams& params, const BodyParams& truth) const {
  const Points3 joints = JointsOf(params), true_joints = JointsOf(truth);
  const Points3 aligned = AlignSimilarity(joints, true_joints).Apply(joints);
  return 1e3 * (aligned - true_joints).rowwise().norm().mean();
}

}  // namespace gyre
