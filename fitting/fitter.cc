// SPDX-License-Identifier: Apache-2.0
#include "fitting/fitter.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <numbers>
#include <optional>
#include <utility>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/so3.h"
#include "fitting/backends/solve_objective.h"
#include "fitting/fit_checks.h"
#include "fitting/fit_model.h"
#include "fitting/fit_search.h"
#include "fitting/hypotheses.h"
#include "fitting/limb_exchange.h"
#include "fitting/posterior.h"
#include "fitting/uncertainty.h"
#include "fitting/whole_body.h"

namespace gyre {
namespace {

// Set beforehand and not tuned; how many people are beyond it: docs/fitting.md.
constexpr double kExplainedPx2 = 30;
constexpr double kNotObserved = std::numeric_limits<double>::quiet_NaN();

// Whether two bodies are more than a few centimetres apart, in the mean over the joints.
bool Differ(const FoldedJoints& joints, const BodyParams& a, const BodyParams& b) {
  constexpr double kApart = 0.03;
  const Points3 x = joints.Positions(a), y = joints.Positions(b);
  const Points3 offset = (x.rowwise() - x.colwise().mean()) - (y.rowwise() - y.colwise().mean());
  return offset.rowwise().norm().mean() > kApart;
}

// Whether the best end's body is where the keypoints and 3D joints are: by how much it errs,
// robustly, reference pixels squared, weighted. Where it does not a worse start may be to blame.
bool IsExplained(StagedProblem& staged, const std::vector<FitCandidate>& ends) {
  if (ends.empty()) return false;
  double weights = 0;
  for (const Observation& one : staged.observed.body) weights += one.weight * one.weight;
  for (const PointObservation& one : staged.observed.body_points) {
    weights += std::pow(one.weight / staged.model.options.point_weight, 2);
  }
  const ObjectiveTerms terms = staged.Terms(ends.front().params);
  return terms.reprojection + terms.points <= kExplainedPx2 * weights;
}

// Best first.
void AddOthers(std::vector<FitCandidate> others, std::vector<FitCandidate>* ends) {
  std::ranges::move(others, std::back_inserter(*ends));
  std::ranges::stable_sort(*ends, {}, &FitCandidate::cost);
}

// Of the final result alone: the start's anchor would take it for a turn.
BodyParams WithShortRoot(BodyParams params) {
  const Vec3 root = params.rotation(0);
  if (root.norm() > std::numbers::pi) params.rotation(0) = LogSO3(ExpSO3(root));
  return params;
}

// At `end`, whose objective is `cost`.
Posterior PosteriorAt(StagedProblem& staged, FusedWorkspace& workspace, const BodyParams& end,
                      double cost) {
  const FitModel& model = staged.model;
  const Observations& observed = staged.observed;
  FitOptimum optimum{
      end,
      NormalMatrixOf(staged.body, model.fused.get(), workspace, end),
      cost,
      static_cast<int>(2 * observed.body.size() + 3 * observed.body_points.size()),
      model.options.pose_prior_weight,
  };
  return model.unseen_limbs.AnyHidden(observed)
             ? PosteriorOverComponents(std::move(optimum), *model.prior)
             : PosteriorAtOptimum(std::move(optimum));
}

// Of a body that explains the problem as well as a fit of it.
Posterior PosteriorOf(const FitModel& model, const FitProblem& problem, const BodyParams& params) {
  const Observations observed = model.rules.Compile(problem);
  BodyParams anchor = model.AnchorOf(problem);
  if (!problem.has_start) anchor.transl() = params.transl();
  StagedProblem staged(model, problem, observed, anchor);
  FusedWorkspace workspace;
  return PosteriorAt(staged, workspace, params, staged.Terms(params).BodyTotal());
}

// One fit of a problem, its keypoints taken as they are labelled.
class LabelledFit {
 public:
  LabelledFit(const FitModel& model, const FitProblem& problem, FusedWorkspace& workspace)
      : model_(model), problem_(problem), workspace_(workspace) {}

  FitResult Run();

 private:
  FitResult Refuse(FitReason reason, std::string text) {
    result_.summary.reason = reason;
    result_.summary.reason_text = std::move(text);
    return std::move(result_);
  }
  FitResult RunWhole(const Observations& observed);
  FitResult RunSmplifyx(const Observations& observed);
  void Finish(StagedProblem& staged, BodyParams end);
  void RestUnseenLimbs(StagedProblem& staged, const Posterior& posterior,
                       const std::vector<int>& unobserved, BodyParams* end);

  const FitModel& model_;
  const FitProblem& problem_;
  FusedWorkspace& workspace_;
  FitResult result_;
};

FitResult LabelledFit::Run() {
  const KeypointSet& set = model_.rules.set();
  FitSummary& summary = result_.summary;
  result_.params = model_.AnchorOf(problem_);
  summary.per_joint_error_px = VecX::Constant(set.size(), kNotObserved);
  const int joints = HasRightSizes(problem_, set) ? model_.rules.CountObserved(problem_) : 0;
  summary.score.observed_joints = joints;
  FitRefusal refusal = Refusal(problem_, model_.options, set, model_.layout(), joints);
  if (refusal.reason != FitReason::kOk) return Refuse(refusal.reason, std::move(refusal.text));

  const Observations observed = model_.rules.Compile(problem_);
  if (model_.whole_body) return RunWhole(observed);
  if (model_.smplifyx) return RunSmplifyx(observed);
  const auto [starts, by_network] = model_.Starts(problem_, observed);
  if (starts.empty()) {
    return Refuse(FitReason::kNotPlaceable,
                  "no translation puts the start in front of the camera over the keypoints");
  }
  // Every hypothesis is anchored to the first start, so that their objectives compare.
  StagedProblem staged(model_, problem_, observed, starts.front());
  result_.params = starts.front();
  summary.before = staged.Terms(result_.params);
  FitSearch search(staged, workspace_, &summary);
  std::vector<FitCandidate> ends = search.Run(starts, /*oriented=*/by_network);
  if (by_network && model_.options.hypotheses == Hypotheses::kUninformed &&
      !IsExplained(staged, ends)) {
    AddOthers(search.Run(model_.StartsWithoutNetwork(problem_, observed), /*oriented=*/false),
              &ends);
  }
  if (ends.empty() ||
      ends.front().cost > summary.before.BodyTotal()) {  // the torso stage led astray
    const FitCandidate direct = search.FromStart(starts.front());
    if (direct.termination == Termination::kFailed) {
      return Refuse(FitReason::kSolverFailed, "the solver found no step that lowers the objective");
    }
    ends.insert(ends.begin(), direct);
  }
  summary.termination = ends.front().termination;
  if (ends.size() > 1 && Differ(*model_.joints, ends[0].params, ends[1].params)) {
    result_.runner_up = {ends[1].params, ends[1].cost};
  }
  Finish(staged, ends.front().params);
  return std::move(result_);
}

FitResult LabelledFit::RunWhole(const Observations& observed) {
  FitSummary& summary = result_.summary;
  const WholeBody::Bodies bodies = model_.whole_body->Start(problem_, observed);
  const FitResult& body = bodies.best;
  summary.torso_iterations = body.summary.torso_iterations;
  summary.body_iterations = body.summary.body_iterations;
  summary.hypotheses_tried = body.summary.hypotheses_tried;
  if (!body.summary.usable) return Refuse(body.summary.reason, body.summary.reason_text);
  StagedProblem staged(model_, problem_, observed, body.params);
  summary.before = staged.Terms(body.params);
  FitCandidate end = model_.whole_body->Finish(staged, body.params, &summary);
  const BodyParams with_parts = end.params;
  const auto try_another = [&](const BodyParams& start, const BodyParams* parts) {
    FitCandidate other = model_.whole_body->Finish(staged, start, &summary, parts);
    if (other.cost < end.cost) std::swap(end, other);
    if (!result_.runner_up || other.cost < result_.runner_up->objective) {
      result_.runner_up = {std::move(other.params), other.cost};
    }
  };
  for (const FitAlternative& another : bodies.others) try_another(another.params, &with_parts);
  if (bodies.rival) try_another(*bodies.rival, nullptr);
  if (end.termination == Termination::kFailed) end.params = body.params;
  summary.termination = end.termination;
  Finish(staged, std::move(end.params));
  return std::move(result_);
}

FitResult LabelledFit::RunSmplifyx(const Observations& observed) {
  FitSummary& summary = result_.summary;
  Smplifyx::Fit fit = model_.smplifyx->Run(problem_);
  if (fit.result.termination == Termination::kFailed) {
    return Refuse(FitReason::kNotPlaceable,
                  "SMPLify-X finds no translation that puts the body over the keypoints");
  }
  StagedProblem staged(model_, problem_, observed, fit.params);
  summary.before = staged.Terms(fit.params);
  summary.termination = fit.result.termination;
  summary.body_iterations = fit.result.iterations;
  Finish(staged, std::move(fit.params));
  return std::move(result_);
}

void LabelledFit::Finish(StagedProblem& staged, BodyParams end) {
  FitSummary& summary = result_.summary;
  const FitOptions& options = model_.options;
  summary.after = staged.Terms(end);
  const std::vector<int> unobserved = options.rest_unseen_limbs && options.pose_prior_weight > 0
                                          ? model_.unseen_limbs.Unobserved(staged.observed)
                                          : std::vector<int>();
  std::optional<Posterior> posterior;
  if (options.estimate_uncertainty || !unobserved.empty()) {
    posterior = PosteriorAt(staged, workspace_, WithShortRoot(end), summary.after.BodyTotal());
  }
  if (!unobserved.empty()) RestUnseenLimbs(staged, *posterior, unobserved, &end);
  end = WithShortRoot(std::move(end));
  summary.score = staged.Score(end, &summary.per_joint_error_px);
  summary.usable = std::isfinite(summary.score.score_px2);
  if (options.estimate_uncertainty) {
    result_.uncertainty = EstimateUncertainty(*posterior, model_.skeleton, end);
  }
  result_.params = std::move(end);
}

// The result must stay no worse than a start that says something.
void LabelledFit::RestUnseenLimbs(StagedProblem& staged, const Posterior& posterior,
                                  const std::vector<int>& unobserved, BodyParams* end) {
  FitSummary& summary = result_.summary;
  BodyParams rested = model_.unseen_limbs.AtRest(posterior, unobserved, *end);
  const ObjectiveTerms after = staged.Terms(rested);
  const bool informed = problem_.has_start && !IsUninformed(problem_.start, *model_.prior);
  if (informed && !(after.BodyTotal() <= summary.before.BodyTotal())) return;
  summary.after = after;
  *end = std::move(rested);
}

FitResult FitAsLabelled(const FitModel& model, const FitProblem& problem,
                        FusedWorkspace& workspace) {
  const auto began = std::chrono::steady_clock::now();
  FitResult result = LabelledFit(model, problem, workspace).Run();
  if (result.summary.reason == FitReason::kOk) {
    const auto elapsed = std::chrono::steady_clock::now() - began;
    result.summary.seconds = std::chrono::duration<double>(elapsed).count();
  }
  return result;
}

// Where an informed start is not explained, also with arms and with legs exchanged. Without an
// informed start, left and right are the only sign of where a person faces, and not to be played
// with.
FitResult FitProblemOf(const FitModel& model, const FitProblem& problem,
                       FusedWorkspace& workspace) {
  FitResult best = FitAsLabelled(model, problem, workspace);
  const FitOptions& options = model.options;
  if (!options.try_exchanged_limbs || !best.summary.usable || !problem.has_start ||
      IsUninformed(problem.start, *model.prior)) {
    CheckError(problem, options, &best.summary);
    return best;
  }
  const double as_labelled = best.summary.after.BodyTotal();
  const VecX errors_px = best.summary.per_joint_error_px;
  for (const Limbs limbs : {Limbs::kArms, Limbs::kLegs}) {
    const std::vector<int>& from = model.exchanged[static_cast<size_t>(limbs)];
    const std::vector<int>& keypoints = model.of_limbs[static_cast<size_t>(limbs)];
    if (UnexplainedLimbs(problem, keypoints, errors_px, options.sigma_px) < kGrossErrorPx2 / 2) {
      continue;
    }
    FitResult other = FitAsLabelled(model, WithKeypointsExchanged(problem, from), workspace);
    const double objective = other.summary.after.BodyTotal();
    if (!other.summary.usable || objective > as_labelled - kGrossErrorPx2 ||
        objective >= best.summary.after.BodyTotal()) {
      continue;
    }
    best = std::move(other);
    best.summary.exchanged = limbs;
  }
  if (best.summary.exchanged != Limbs::kNone) {
    const Observations observed = model.rules.Compile(problem);
    StagedProblem staged(model, problem, observed, problem.start);
    const double exchanged_px2 =
        best.summary.score.objective_px2 + kGrossErrorPx2 / problem.confidence.squaredNorm();
    FitScore& score = best.summary.score;
    score = staged.Score(best.params, &best.summary.per_joint_error_px);
    score.objective_px2 = std::min(score.objective_px2, exchanged_px2);
  }
  CheckError(problem, options, &best.summary);
  return best;
}

}  // namespace

Fitter::Fitter(std::shared_ptr<const BodyModel> body, std::shared_ptr<const PosePrior> prior,
               FitOptions options, const KeypointSet& set) {
  GYRE_CHECK(body != nullptr && prior != nullptr);
  options.Check();
  model_ = std::make_unique<FitModel>(std::move(body), std::move(prior), std::move(options), set);
}

Fitter::~Fitter() = default;

Fitter Fitter::With(FitOptions options) const {
  return Fitter(model_->body, model_->prior->shared_source(), std::move(options),
                model_->rules.set());
}

FitResult Fitter::Fit(const FitProblem& problem) const {
  FusedWorkspace workspace;
  return FitProblemOf(*model_, problem, workspace);
}

std::vector<FitResult> Fitter::FitAll(std::span<const FitProblem> problems, int threads) const {
  std::vector<FitResult> results(problems.size());
  const size_t workers = threads > 0 ? threads : HardwareThreads();
  std::vector<FusedWorkspace> workspaces(std::min(workers, std::max<size_t>(1, problems.size())));
  ParallelFor(static_cast<int64_t>(problems.size()), threads, [&](int64_t i, int worker) {
    results[i] = FitProblemOf(*model_, problems[i], workspaces[worker]);
  });
  return results;
}

FitScore Fitter::Score(const FitProblem& problem, const BodyParams& params) const {
  const Observations observed = model_->rules.Compile(problem);
  VecX joint_errors_px;
  return StagedProblem(*model_, problem, observed, model_->AnchorOf(problem))
      .Score(params, &joint_errors_px);
}

ObjectiveTerms Fitter::Evaluate(const FitProblem& problem, const BodyParams& params) const {
  const Observations observed = model_->rules.Compile(problem);
  return StagedProblem(*model_, problem, observed, model_->AnchorOf(problem)).Terms(params);
}

FitUncertainty Fitter::Uncertainty(const FitProblem& problem, const BodyParams& params) const {
  return EstimateUncertainty(PosteriorOf(*model_, problem, params), model_->skeleton, params);
}

std::vector<int> Fitter::UnseenJoints(const FitProblem& problem) const {
  if (!model_->options.rest_unseen_limbs || !(model_->options.pose_prior_weight > 0)) return {};
  return model_->unseen_limbs.Unobserved(model_->rules.Compile(problem));
}

BodyParams Fitter::AtRest(const FitProblem& problem, const std::vector<int>& unseen,
                          const BodyParams& params) const {
  return model_->unseen_limbs.AtRest(PosteriorOf(*model_, problem, params), unseen, params);
}

Objective Fitter::BodyObjective(const FitProblem& problem) const {
  return model_->StageObjective(FitStage::kBody, model_->rules.Compile(problem),
                                model_->AnchorOf(problem));
}

Points3 Fitter::Joints(const BodyParams& params) const {
  const Points3 distinct = model_->joints->Positions(params);
  const int count = model_->rules.set().size();
  Points3 joints = Points3::Constant(count, 3, kNotObserved);
  for (int i = 0; i < count; ++i) {
    const int row = model_->rules.DistinctOf(i);
    if (row >= 0) joints.row(i) = distinct.row(row);
  }
  return joints;
}

VecX Fitter::JointErrors(const FitProblem& problem, const BodyParams& params) const {
  return model_->rules.Errors(problem, model_->joints->Positions(params));
}

const FitOptions& Fitter::options() const { return model_->options; }
const BodyModel& Fitter::body() const { return *model_->body; }
const PosePrior& Fitter::prior() const { return model_->prior->source(); }
const LayoutPrior& Fitter::layout_prior() const { return *model_->prior; }
const KeypointSet& Fitter::keypoints() const { return model_->rules.set(); }
std::shared_ptr<const StartNetwork> Fitter::start_network() const {
  return model_->keypoint_start ? model_->keypoint_start->network() : nullptr;
}

}  // namespace gyre
