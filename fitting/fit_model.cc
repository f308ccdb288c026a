// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_model.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "body/anatomy.h"
#include "core/error.h"
#include "core/so3.h"
#include "fitting/cold_start.h"
#include "fitting/hypotheses.h"
#include "fitting/placement.h"
#include "fitting/whole_body.h"

namespace gyre {
namespace {

// Axis-angle vectors beyond pi say the same rotation as shorter ones, which the prior knows.
BodyParams WithShortRotations(BodyParams params) {
  for (int k = 0; k < params.num_joints(); ++k) {
    const Vec3 w = params.rotation(k);
    if (w.norm() > std::numbers::pi) params.rotation(k) = LogSO3(ExpSO3(w));
  }
  return params;
}

}  // namespace

FitModel::FitModel(std::shared_ptr<const BodyModel> body_in,
                   std::shared_ptr<const PosePrior> prior_in, FitOptions options_in,
                   const KeypointSet& set)
    : body(std::move(body_in)),
      prior(std::make_shared<LayoutPrior>(std::move(prior_in), *body->layout)),
      options(std::move(options_in)),
      rules(options, *body, set),
      joints(std::make_shared<FoldedJoints>(*body, rules.distinct_joints())),
      free_params(*body, rules.distinct_joints(), options.hand_prior_weight > 0),
      fused(FusedModel::Of(*body->layout, joints, prior)),
      skeleton(FoldedJoints::Skeleton(*body)),
      unseen_limbs(*body, *joints) {
  if (options.cold_start == ColdStart::kNetwork) {
    auto start = std::make_unique<const KeypointStart>(LoadStartNetwork(options.start_network), set,
                                                       body->layout, prior);
    if (start->knows_body()) keypoint_start = std::move(start);
  }
  for (const Limbs limbs : {Limbs::kNone, Limbs::kArms, Limbs::kLegs}) {
    const auto at = static_cast<size_t>(limbs);
    exchanged[at] = WithLimbsExchanged(set, limbs);
    for (int i = 0; i < set.size(); ++i) {
      const bool is_body = PartOf(FindJoint(set.joints[i])) == PersonPart::kBody;
      if (is_body && exchanged[at][i] != i) of_limbs[at].push_back(i);
    }
  }
  if (options.stages == FitStages::kWholeBody) {
    whole_body = std::make_unique<const WholeBody>(*this, prior->shared_source());
  } else if (options.stages == FitStages::kSmplifyx) {
    if (options.vposer.empty()) {
      ThrowUserError("SMPLify-X needs its pose prior: name VPoser v1's weights with --fit.vposer");
    }
    smplifyx = std::make_unique<const Smplifyx>(
        body, rules, joints, std::make_shared<const VPoser>(VPoser::Read(options.vposer)));
  }
}

FitModel::~FitModel() = default;

Objective FitModel::StageObjective(FitStage stage, const Observations& observed,
                                   const BodyParams& anchor,
                                   std::unique_ptr<const Term> more) const {
  const bool torso = stage == FitStage::kTorso;
  const bool informed = !IsUninformed(anchor, *prior);
  Objective::Terms terms =
      MakeTerms({options, stage, observed, *body->layout, prior, informed, body.get()});
  if (more != nullptr) terms.push_back(std::move(more));
  Objective objective(
      joints, std::move(terms),
      torso ? free_params.OfTorso() : free_params.OfBody(observed, options.body_translation_free),
      anchor);
  objective.set_sigma_px(torso ? options.torso_sigma_px : options.sigma_px);
  return objective;
}

BodyParams FitModel::AnchorOf(const FitProblem& problem) const {
  return problem.start.Fits(*body->layout) ? problem.start : BodyParams(*body->layout);
}

std::optional<BodyParams> FitModel::NetworkStart(const FitProblem& problem,
                                                 const Observations& observed) const {
  // An anchor would hold the fit to it, as to the start of a network that was trained on such people.
  if (!keypoint_start || options.start_anchor > 0) return std::nullopt;
  const bool takes_start = options.hypotheses == Hypotheses::kStartOnly ||
                           !IsUninformed(WithShortRotations(problem.start), *prior);
  if (problem.has_start && takes_start) return std::nullopt;
  const FitView view = problem.Seen(problem.MainCamera());
  std::optional<BodyParams> said = (*keypoint_start)(view);
  if (!said) return std::nullopt;
  Mat3 root = view.rotation.transpose() * ExpSO3(said->rotation(0));
  said->rotation(0) = LogSO3(root);
  if (const auto turn = TurnOntoPoints(observed, *joints, *said)) root = *turn * root;
  said->rotation(0) = LogSO3(root);
  const auto translation = PlaceBody(problem, observed, *joints, *said);
  if (!translation) return std::nullopt;
  said->transl() = *translation;
  return said;
}

FitStarts FitModel::Starts(const FitProblem& problem, const Observations& observed) const {
  const std::optional<BodyParams> said = NetworkStart(problem, observed);
  if (!said) return {StartsWithoutNetwork(problem, observed), false};
  if (options.hypotheses != Hypotheses::kAll) return {{*said}, true};
  return {Placed(problem, observed, MakeHypotheses(*said, options.hypotheses, *prior)), true};
}

std::vector<BodyParams> FitModel::StartsWithoutNetwork(const FitProblem& problem,
                                                       const Observations& observed) const {
  BodyParams first = problem.has_start ? WithShortRotations(problem.start)
                                       : MakeColdStart(problem, *prior, *body->layout, rules.set());
  if (!problem.has_start) {
    if (const auto turn = TurnOntoPoints(observed, *joints, first)) {
      first.rotation(0) = LogSO3(*turn * ExpSO3(first.rotation(0)));
    }
  }
  std::vector<BodyParams> starts = MakeHypotheses(first, options.hypotheses, *prior);
  if (problem.has_start && problem.start_has_translation) return starts;
  return Placed(problem, observed, std::move(starts));
}

std::vector<BodyParams> FitModel::Placed(const FitProblem& problem, const Observations& observed,
                                         std::vector<BodyParams> starts) const {
  std::vector<BodyParams> placed;
  for (BodyParams& start : starts) {
    const auto translation = PlaceBody(problem, observed, *joints, start);
    if (!translation && placed.empty()) return {};
    if (!translation) continue;
    start.transl() = *translation;
    placed.push_back(std::move(start));
  }
  return placed;
}

StagedProblem::StagedProblem(const FitModel& model_in, const FitProblem& problem_in,
                             const Observations& observed_in, const BodyParams& anchor_in)
    : model(model_in),
      problem(problem_in),
      observed(observed_in),
      anchor(anchor_in),
      torso(model.StageObjective(FitStage::kTorso, observed, anchor)),
      body(model.StageObjective(FitStage::kBody, observed, anchor)) {}

const ObjectiveTerms& StagedProblem::BodyTerms(const BodyParams& params) {
  body.set_sigma_px(model.options.sigma_px);
  const auto &kept = terms_at_.values(), &asked = params.values();
  if (kept.size() != asked.size() || kept != asked) {
    terms_ = body.Costs(params);
    terms_at_ = params;
  }
  return terms_;
}

ObjectiveTerms StagedProblem::Terms(const BodyParams& params) {
  torso.set_sigma_px(model.options.torso_sigma_px);
  torso.set_anchor(anchor);
  ObjectiveTerms terms = BodyTerms(params);
  terms.camera_stage = torso.Cost(params);
  return terms;
}

FitScore StagedProblem::Score(const BodyParams& params, VecX* joint_errors_px) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const ObjectiveTerms minimised = BodyTerms(params);
  body.set_sigma_px(kScoreSigmaPx);
  const ObjectiveTerms costs = body.Costs(params);
  body.set_sigma_px(model.options.sigma_px);
  const double data_cost = costs.reprojection + costs.points;
  FitScore score;
  score.score_px2 = score.spin_score_px2 = score.objective_px2 = score.robust_px2 = kInfinity;
  score.reprojection_px = kInfinity;
  score.points3D_error_m = std::numeric_limits<double>::quiet_NaN();
  score.pose_prior = model.prior->Energy(params);
  score.observed_joints = model.rules.CountObserved(problem);
  double weights = 0;
  for (const Observation& observation : observed.body) {
    weights += observation.weight * observation.weight;
  }
  for (const PointObservation& point : observed.body_points) {
    weights += std::pow(point.weight / model.options.point_weight, 2);
  }
  const Points3 distinct = model.joints->Positions(params);
  *joint_errors_px = model.rules.Errors(problem, distinct);
  if (!(weights > 0) || !std::isfinite(data_cost)) return score;
  score.score_px2 = data_cost / weights;
  score.spin_score_px2 = model.rules.SpinScore(problem, distinct);
  score.robust_px2 = (minimised.reprojection + minimised.points) / weights;
  score.objective_px2 = score.robust_px2 + (minimised.pose_prior + minimised.angle_prior +
                                            minimised.shape_prior + minimised.other) /
                                               weights;
  const auto seen = (joint_errors_px->array() == joint_errors_px->array());  // not NaN
  score.reprojection_px = seen.select(*joint_errors_px, 0).sum() / seen.count();
  double distances = 0;
  for (const PointObservation& point : observed.body_points) {
    distances += (distinct.row(point.joint).transpose() - point.point).norm();
  }
  score.points3D_error_m = distances / static_cast<double>(observed.body_points.size());
  return score;
}

}  // namespace gyre
