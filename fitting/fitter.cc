// SPDX-License-Identifier: Apache-2.0
#include "fitting/fitter.h"

#include <fmt/format.h>

#include <Eigen/LU>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/parallel.h"
#include "core/so3.h"
#include "fitting/ceres_backend.h"
#include "fitting/cold_start.h"
#include "fitting/fused_backend.h"
#include "fitting/hypotheses.h"
#include "fitting/observations.h"
#include "fitting/placement.h"
#include "fitting/residuals.h"
#include "fitting/rigid_backend.h"
#include "fitting/uncertainty.h"

namespace gyre {
namespace {

constexpr double kFarthestPx = 1e6;
constexpr double kNotFitted = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Axis-angle vectors beyond pi say the same rotation as shorter ones, which the prior knows.
BodyParams WithShortRotations(BodyParams params) {
  for (int k = 0; k < kNumBodyJoints; ++k) {
    const Vec3 w = params.rotation(k);
    if (w.norm() > std::numbers::pi) params.rotation(k) = LogSO3(ExpSO3(w));
  }
  return params;
}

bool Finite(const BodyParams& params) {
  return params.pose().allFinite() && params.betas().allFinite() && params.transl().allFinite();
}

}  // namespace

struct Fitter::Impl {
  Impl(std::shared_ptr<const BodyModel> body_in, std::shared_ptr<const PosePrior> prior_in,
       FitOptions options_in)
      : body(std::move(body_in)),
        prior(std::move(prior_in)),
        options(std::move(options_in)),
        rules(options, *body),
        joints(std::make_shared<FoldedJoints>(*body, rules.distinct_joints())),
        fused(joints, *prior),
        skeleton(*body, FindKeypointSet("smpl24")) {}

  Objective Torso(const FitProblem& problem) const;
  Objective Body(const FitProblem& problem) const;
  std::vector<BodyParams> Starts(const FitProblem& problem) const;
  ObjectiveTerms Terms(const FitProblem& problem, Objective& body_objective,
                       const BodyParams& params) const;
  FitScore Score(const FitProblem& problem, Objective& body_objective, const BodyParams& params,
                 VecX* joint_errors_px) const;
  SolverResult SolveTorso(Objective& objective, BodyParams* params) const;
  SolverResult SolveBodyOnce(Objective& objective, int max_iterations, double tolerance,
                             FusedWorkspace& workspace, BodyParams* params) const;
  SolverResult SolveBody(Objective& objective, FusedWorkspace& workspace, BodyParams* params) const;
  struct Candidate {
    BodyParams params{SmplLayout()};
    double cost = 0;
    FitTermination termination = FitTermination::kNotRun;
    bool always = false;  // goes to the end whatever its cost
  };
  std::vector<Candidate> Solve(const FitProblem& problem, const std::vector<BodyParams>& starts,
                               Objective& objective, FusedWorkspace& workspace,
                               FitSummary* summary) const;
  bool Differ(const BodyParams& a, const BodyParams& b) const;

  std::shared_ptr<const BodyModel> body;
  std::shared_ptr<const PosePrior> prior;
  FitOptions options;
  KeypointRules rules;
  std::shared_ptr<const FoldedJoints> joints;
  FusedModel fused;
  FoldedJoints skeleton;
};

Objective Fitter::Impl::Torso(const FitProblem& problem) const {
  ObjectiveSpec spec;
  spec.observations = rules.Torso(problem);
  spec.points = rules.TorsoPoints(problem);
  spec.views = KeypointRules::Views(problem);
  spec.root_only = true;
  spec.sigma_px = options.torso_sigma_px;
  spec.depth_anchor = options.torso_depth_anchor;
  spec.start_anchor = options.torso_orientation_anchor;
  spec.start = problem.start;
  return Objective(joints, prior, std::move(spec));
}

Objective Fitter::Impl::Body(const FitProblem& problem) const {
  ObjectiveSpec spec;
  spec.observations = rules.Body(problem);
  spec.points = rules.BodyPoints(problem);
  spec.views = KeypointRules::Views(problem);
  spec.sigma_px = options.sigma_px;
  spec.robust_per_coordinate = options.robust_norm == RobustNorm::kPerCoordinate;
  spec.pose_prior_weight = options.pose_prior_weight;
  spec.angle_prior_weight = options.angle_prior_weight;
  spec.angle_prior = options.angle_prior;
  spec.shape_prior_weight = options.shape_prior_weight;
  spec.depth_anchor = options.body_translation_free ? options.body_depth_anchor : 0;
  spec.start_anchor = IsUninformed(problem.start, *prior) ? 0 : options.start_anchor;
  spec.start = problem.start;
  return Objective(joints, prior, std::move(spec));
}

// The hypotheses in order, the given or upright one first; empty when that cannot be placed.
std::vector<BodyParams> Fitter::Impl::Starts(const FitProblem& problem) const {
  const bool placed = problem.has_start && problem.start_has_translation;
  BodyParams first =
      problem.has_start ? WithShortRotations(problem.start) : MakeColdStart(problem, *prior);
  if (!problem.has_start) {
    if (const auto turn = TurnOntoPoints(problem, rules, *joints, first)) {
      first.rotation(0) = LogSO3(*turn * ExpSO3(first.rotation(0)));
    }
  }
  std::vector<BodyParams> starts;
  for (BodyParams& start : MakeHypotheses(first, options.hypotheses, *prior)) {
    if (!placed) {
      const auto translation = PlaceBody(problem, rules, *joints, start);
      if (!translation && starts.empty()) return {};
      if (!translation) continue;
      start.transl() = *translation;
    }
    starts.push_back(start);
  }
  return starts;
}

// With squared errors, and from there with robust ones.
SolverResult Fitter::Impl::SolveTorso(Objective& objective, BodyParams* params) const {
  const SolverOptions solver{true, options.torso_max_iterations, options.function_tolerance};
  const auto solve = [&](double sigma_px) {
    objective.set_sigma_px(sigma_px);
    return options.backend == FitBackend::kFused
               ? SolveRigid(*joints, objective.spec(), solver, params)
               : SolveWithCeres(objective, solver, params);
  };
  const SolverResult squared = solve(0);
  if (options.torso_sigma_px == 0) return squared;
  SolverResult robust = solve(options.torso_sigma_px);
  robust.iterations += squared.iterations;
  return robust;
}

SolverResult Fitter::Impl::SolveBodyOnce(Objective& objective, int max_iterations, double tolerance,
                                         FusedWorkspace& workspace, BodyParams* params) const {
  const SolverOptions solver{options.body_translation_free, max_iterations, tolerance};
  return options.backend == FitBackend::kFused
             ? SolveFused(fused, objective.spec(), solver, workspace, params)
             : SolveWithCeres(objective, solver, params);
}

// From first_sigma_px down to sigma_px, which the objective has in the end.
SolverResult Fitter::Impl::SolveBody(Objective& objective, FusedWorkspace& workspace,
                                     BodyParams* params) const {
  constexpr double kRoughTolerance = 1e-3;
  int iterations = 0;
  for (double sigma = options.first_sigma_px; sigma > options.sigma_px;
       sigma = std::max(sigma / 10, options.sigma_px)) {
    objective.set_sigma_px(sigma);
    iterations +=
        SolveBodyOnce(objective, options.body_max_iterations, kRoughTolerance, workspace, params)
            .iterations;
  }
  objective.set_sigma_px(options.sigma_px);
  SolverResult result = SolveBodyOnce(objective, options.body_max_iterations,
                                      options.function_tolerance, workspace, params);
  result.iterations += iterations;
  return result;
}

// The torso stage for every hypothesis; then, where there are many, only the best go on and, after
// a few steps of the body stage, to its end. An informed start always does, so that hypotheses only
// ever help. Best first; those that failed are left out.
std::vector<Fitter::Impl::Candidate> Fitter::Impl::Solve(const FitProblem& problem,
                                                         const std::vector<BodyParams>& starts,
                                                         Objective& objective,
                                                         FusedWorkspace& workspace,
                                                         FitSummary* summary) const {
  constexpr size_t kToProbe = 6, kToFinish = 2;
  constexpr int kProbeIterations = 4;
  std::vector<Candidate> candidates;
  const auto keep_best = [&](size_t count) {
    std::erase_if(candidates, [](const Candidate& c) { return !std::isfinite(c.cost); });
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
    for (size_t i = candidates.size(); i-- > count;) {
      if (!candidates[i].always) candidates.erase(candidates.begin() + i);
    }
  };
  const auto solve_each = [&](const auto& solve) {
    for (Candidate& candidate : candidates) {
      const SolverResult result = solve(&candidate.params);
      summary->body_iterations += result.iterations;
      candidate.termination = result.termination;
      candidate.cost = result.termination == FitTermination::kFailed ? kNotFitted : result.cost;
    }
  };

  for (const BodyParams& start : starts) {
    Candidate& candidate = candidates.emplace_back(Candidate{start});
    if (!options.torso_stage) continue;
    FitProblem from_here = problem;
    from_here.start = start;
    Objective torso = Torso(from_here);
    summary->torso_iterations += SolveTorso(torso, &candidate.params).iterations;
  }
  candidates.front().always = !IsUninformed(starts.front(), *prior);
  summary->hypotheses_tried = static_cast<int>(candidates.size());
  objective.set_sigma_px(options.first_sigma_px);
  if (candidates.size() > kToProbe) {
    for (Candidate& c : candidates) c.cost = objective.Evaluate(c.params).Total();
    keep_best(kToProbe);
  }
  if (candidates.size() > kToFinish) {
    solve_each([&](BodyParams* params) {
      return SolveBodyOnce(objective, kProbeIterations, options.function_tolerance, workspace,
                           params);
    });
    keep_best(kToFinish);
  }
  solve_each([&](BodyParams* params) { return SolveBody(objective, workspace, params); });
  objective.set_sigma_px(options.sigma_px);  // whether or not anybody was left to solve
  keep_best(candidates.size());
  return candidates;
}

ObjectiveTerms Fitter::Impl::Terms(const FitProblem& problem, Objective& body_objective,
                                   const BodyParams& params) const {
  const Objective::Costs costs = body_objective.Evaluate(params);
  ObjectiveTerms terms;
  terms.reprojection = costs.reprojection;
  terms.points = costs.points;
  terms.pose_prior = costs.pose_prior;
  terms.angle_prior = costs.angle_prior;
  terms.shape_prior = costs.shape_prior;
  terms.depth_anchor = costs.depth_anchor;
  terms.start_anchor = costs.start_anchor;
  terms.camera_stage = Torso(problem).Evaluate(params).Total();
  return terms;
}

// Whether two bodies are more than a few centimetres apart, in the mean over the joints.
bool Fitter::Impl::Differ(const BodyParams& a, const BodyParams& b) const {
  constexpr double kApart = 0.03;
  const Points3 x = joints->Positions(a), y = joints->Positions(b);
  const Points3 offset = (x.rowwise() - x.colwise().mean()) - (y.rowwise() - y.colwise().mean());
  return offset.rowwise().norm().mean() > kApart;
}

FitScore Fitter::Impl::Score(const FitProblem& problem, Objective& body_objective,
                             const BodyParams& params, VecX* joint_errors_px) const {
  const Objective::Costs minimised = body_objective.Evaluate(params);
  body_objective.set_sigma_px(kScoreSigmaPx);
  const Objective::Costs costs = body_objective.Evaluate(params);
  body_objective.set_sigma_px(options.sigma_px);
  const double data_cost = costs.reprojection + costs.points;
  const ObjectiveSpec& spec = body_objective.spec();
  FitScore score;
  score.score_px2 = score.spin_score_px2 = score.objective_px2 = score.robust_px2 = kNotFitted;
  score.reprojection_px = kNotFitted;
  score.points3D_error_m = kNaN;
  score.pose_prior = prior->Energy(params.pose().tail<kNumPriorPose>());
  score.observed_joints = rules.CountObserved(problem);
  double weights = 0;
  for (const Observation& observation : spec.observations) {
    weights += observation.weight * observation.weight;
  }
  for (const PointObservation& point : spec.points) {
    weights += std::pow(point.weight / options.point_weight, 2);
  }
  const Points3 distinct = joints->Positions(params);
  *joint_errors_px = rules.Errors(problem, distinct);
  if (!(weights > 0) || !std::isfinite(data_cost)) return score;
  score.score_px2 = data_cost / weights;
  score.spin_score_px2 = rules.SpinScore(problem, distinct);
  score.robust_px2 = (minimised.reprojection + minimised.points) / weights;
  score.objective_px2 =
      score.robust_px2 +
      (minimised.pose_prior + minimised.angle_prior + minimised.shape_prior) / weights;
  const auto observed = (joint_errors_px->array() == joint_errors_px->array());  // not NaN
  score.reprojection_px = observed.select(*joint_errors_px, 0).sum() / observed.count();
  double distances = 0;
  for (const PointObservation& point : spec.points) {
    distances += (distinct.row(point.joint).transpose() - point.point).norm();
  }
  score.points3D_error_m = distances / static_cast<double>(spec.points.size());
  return score;
}

Fitter::Fitter(std::shared_ptr<const BodyModel> body, std::shared_ptr<const PosePrior> prior,
               FitOptions options) {
  GYRE_CHECK(body != nullptr && prior != nullptr);
  options.Check();
  impl_ = std::make_unique<Impl>(std::move(body), std::move(prior), std::move(options));
}

Fitter::~Fitter() = default;

namespace {

bool HasRightSizes(const FitProblem& problem) {
  const auto right = [](const PersonKeypoints& camera) {
    return camera.keypoints_px.rows() == kNumSpinJoints &&
           camera.confidence.size() == kNumSpinJoints;
  };
  const Eigen::Index points = problem.points3D.rows();
  return right(problem) && std::all_of(problem.views.begin(), problem.views.end(), right) &&
         (points == 0 || points == kNumSpinJoints) && problem.points3D_confidence.size() == points;
}

std::pair<FitReason, std::string> CameraRefusal(const FitView& view) {
  if (!view.confidence.allFinite()) {
    return {FitReason::kNonFiniteInput, "confidences of a further camera are not finite"};
  }
  for (int i = 0; i < kNumSpinJoints; ++i) {
    // Not finite, or farther out than any picture reaches.
    if (view.confidence[i] > 0 && !(view.keypoints_px.row(i).array().abs() <= kFarthestPx).all()) {
      return {FitReason::kNonFiniteInput, fmt::format("keypoint {} is not finite or beyond {} px",
                                                      SpinJoints().joints[i], kFarthestPx)};
    }
  }
  if (!(view.confidence.maxCoeff() > 0)) return {FitReason::kOk, ""};
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  if (!positive(view.camera.focal_px) || !positive(view.pixel_scale) ||
      !view.camera.center_px.allFinite()) {
    return {FitReason::kBadCamera, fmt::format("the camera has focal length {} px, pixel scale {}",
                                               view.camera.focal_px, view.pixel_scale)};
  }
  constexpr double kRotationError = 1e-4;
  const double error = (view.rotation * view.rotation.transpose() - Mat3::Identity()).norm();
  if (!(error < kRotationError) || view.rotation.determinant() < 0 ||
      !view.translation.allFinite()) {
    return {FitReason::kBadCamera, "the place of a further camera is not a rigid motion"};
  }
  return {FitReason::kOk, ""};
}

// Why a problem cannot be fitted, as reason and sentence; kOk when it can be.
std::pair<FitReason, std::string> Refusal(const FitProblem& problem, const FitOptions& options,
                                          size_t observed_joints) {
  if (!HasRightSizes(problem) || !problem.confidence.allFinite() ||
      !problem.points3D_confidence.allFinite() || (problem.has_start && !Finite(problem.start))) {
    return {FitReason::kNonFiniteInput,
            "confidences or start parameters are not finite or not of the right number"};
  }
  for (int i = 0; i < problem.points3D.rows(); ++i) {
    if (problem.points3D_confidence[i] > 0 && !problem.points3D.row(i).allFinite()) {
      return {FitReason::kNonFiniteInput,
              fmt::format("3D joint {} is not finite", SpinJoints().joints[i])};
    }
  }
  for (int camera = 0; camera <= static_cast<int>(problem.views.size()); ++camera) {
    auto refusal = CameraRefusal(problem.Seen(camera));
    if (refusal.first != FitReason::kOk) return refusal;
  }
  if (observed_joints < static_cast<size_t>(options.min_observed_joints)) {
    return {FitReason::kTooFewJoints, fmt::format("{} joints observed, {} needed", observed_joints,
                                                  options.min_observed_joints)};
  }
  return {FitReason::kOk, ""};
}

}  // namespace

FitResult Fitter::Fit(const FitProblem& problem) const {
  FusedWorkspace workspace;
  return Fit(problem, workspace);
}

namespace {

// What a fit pays for the joints of these limbs, c^2 gm(e), beyond half of what noise costs: a fit
// bends to wrong labels, and its errors tell only part of them.
double UnexplainedLimbs(const FitProblem& problem, Limbs limbs, const VecX& errors_px,
                        const FitOptions& options) {
  const std::vector<int>& from = SpinKeypointsWithLimbsExchanged(limbs);
  const double sigma2 = options.sigma_px * options.sigma_px;
  const double half_noise2 = options.pose_prior_weight * options.pose_prior_weight / 2;
  double unexplained = 0;
  for (int i = 0; i < kNumSpinJoints; ++i) {
    if (from[i] == i || !(errors_px[i] >= 0)) continue;
    const double e2 = errors_px[i] * errors_px[i];
    unexplained += std::pow(problem.confidence[i], 2) * (sigma2 * e2 / (sigma2 + e2) - half_noise2);
  }
  return unexplained;
}

FitProblem WithLimbsExchanged(FitProblem problem, Limbs limbs) {
  const std::vector<int>& from = SpinKeypointsWithLimbsExchanged(limbs);
  problem.keypoints_px = problem.keypoints_px(from, Eigen::all).eval();
  problem.confidence = problem.confidence(from).eval();
  return problem;
}

}  // namespace

FitResult Fitter::Fit(const FitProblem& problem, FusedWorkspace& workspace) const {
  // Reference pixels squared: what a gross error costs at least, and what an exchange has to gain.
  // Without an informed start, left and right are the only sign of where a person faces, and not to
  // be played with.
  constexpr double kGrossError = 100;
  FitResult best = FitAsLabelled(problem, workspace);
  const FitOptions& options = impl_->options;
  if (!options.try_exchanged_limbs || !best.summary.usable || !problem.has_start ||
      IsUninformed(problem.start, *impl_->prior)) {
    return best;
  }
  const double as_labelled = best.summary.after.BodyTotal();
  const VecX errors_px = best.summary.per_joint_error_px;
  for (const Limbs limbs : {Limbs::kArms, Limbs::kLegs}) {
    if (UnexplainedLimbs(problem, limbs, errors_px, options) < kGrossError / 2) continue;
    FitResult other = FitAsLabelled(WithLimbsExchanged(problem, limbs), workspace);
    const double objective = other.summary.after.BodyTotal();
    if (!other.summary.usable || objective > as_labelled - kGrossError ||
        objective >= best.summary.after.BodyTotal()) {
      continue;
    }
    best = std::move(other);
    best.summary.exchanged = limbs;
  }
  if (best.summary.exchanged != Limbs::kNone) {
    Objective objective = impl_->Body(problem);
    const double exchanged_px2 =
        best.summary.score.objective_px2 + kGrossError / problem.confidence.squaredNorm();
    FitScore& score = best.summary.score;
    score = impl_->Score(problem, objective, best.params, &best.summary.per_joint_error_px);
    score.objective_px2 = std::min(score.objective_px2, exchanged_px2);
  }
  return best;
}

FitResult Fitter::FitAsLabelled(const FitProblem& problem, FusedWorkspace& workspace) const {
  const auto began = std::chrono::steady_clock::now();
  FitResult result;
  FitSummary& summary = result.summary;
  result.params = problem.start;
  summary.per_joint_error_px = VecX::Constant(kNumSpinJoints, kNaN);
  const auto refuse = [&](FitReason reason, std::string text) {
    summary.reason = reason;
    summary.reason_text = std::move(text);
    return result;
  };

  const size_t observed = HasRightSizes(problem) ? impl_->rules.CountObserved(problem) : 0;
  summary.score.observed_joints = static_cast<int>(observed);
  auto [reason, text] = Refusal(problem, impl_->options, observed);
  if (reason != FitReason::kOk) return refuse(reason, std::move(text));

  const std::vector<BodyParams> starts = impl_->Starts(problem);
  if (starts.empty()) {
    return refuse(FitReason::kNotPlaceable,
                  "no translation puts the start in front of the camera over the keypoints");
  }
  // Every hypothesis is anchored to the first start, so that their objectives compare.
  FitProblem anchored = problem;
  anchored.start = starts.front();
  Objective objective = impl_->Body(anchored);
  result.params = starts.front();
  summary.before = impl_->Terms(anchored, objective, result.params);
  const double start_cost = summary.before.BodyTotal();
  std::vector<Impl::Candidate> ends =
      impl_->Solve(anchored, starts, objective, workspace, &summary);
  if (ends.empty() || ends.front().cost > start_cost) {  // the torso stage led astray
    Impl::Candidate direct{starts.front()};
    const SolverResult solved =
        impl_->SolveBodyOnce(objective, impl_->options.body_max_iterations,
                             impl_->options.function_tolerance, workspace, &direct.params);
    summary.body_iterations += solved.iterations;
    if (solved.termination == FitTermination::kFailed) {
      return refuse(FitReason::kSolverFailed, "the solver found no step that lowers the objective");
    }
    direct.cost = solved.cost;
    direct.termination = solved.termination;
    ends.insert(ends.begin(), direct);
  }
  result.params = ends.front().params;
  summary.termination = ends.front().termination;
  if (ends.size() > 1 && impl_->Differ(ends[0].params, ends[1].params)) {
    result.runner_up = {ends[1].params, ends[1].cost};
  }
  // Before its vector is shortened, which the start's anchor would take for a turn.
  summary.after = impl_->Terms(anchored, objective, result.params);
  const Vec3 root = result.params.rotation(0);
  if (root.norm() > std::numbers::pi) result.params.rotation(0) = LogSO3(ExpSO3(root));
  summary.score = impl_->Score(problem, objective, result.params, &summary.per_joint_error_px);
  summary.usable = std::isfinite(summary.score.score_px2);
  if (impl_->options.estimate_uncertainty) {
    const double noise_px = impl_->options.pose_prior_weight / std::numbers::sqrt2;
    result.uncertainty = EstimateUncertainty(impl_->fused, impl_->skeleton, objective.spec(),
                                             noise_px, workspace, result.params);
  }
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return result;
}

std::vector<FitResult> Fitter::FitAll(std::span<const FitProblem> problems, int threads) const {
  std::vector<FitResult> results(problems.size());
  const size_t workers = threads > 0 ? threads : HardwareThreads();
  std::vector<FusedWorkspace> workspaces(std::min(workers, std::max<size_t>(1, problems.size())));
  ParallelFor(static_cast<int64_t>(problems.size()), threads,
              [&](int64_t i, int worker) { results[i] = Fit(problems[i], workspaces[worker]); });
  return results;
}

FitScore Fitter::Score(const FitProblem& problem, const BodyParams& params) const {
  Objective objective = impl_->Body(problem);
  VecX joint_errors_px;
  return impl_->Score(problem, objective, params, &joint_errors_px);
}

ObjectiveTerms Fitter::Evaluate(const FitProblem& problem, const BodyParams& params) const {
  Objective objective = impl_->Body(problem);
  return impl_->Terms(problem, objective, params);
}

Objective Fitter::BodyObjective(const FitProblem& problem) const { return impl_->Body(problem); }

Points3 Fitter::Joints(const BodyParams& params) const {
  const Points3 distinct = impl_->joints->Positions(params);
  Points3 joints = Points3::Constant(kNumSpinJoints, 3, kNaN);
  for (int i = 0; i < kNumSpinJoints; ++i) {
    const int row = impl_->rules.DistinctOf(i);
    if (row >= 0) joints.row(i) = distinct.row(row);
  }
  return joints;
}

VecX Fitter::JointErrors(const FitProblem& problem, const BodyParams& params) const {
  return impl_->rules.Errors(problem, impl_->joints->Positions(params));
}

const FitOptions& Fitter::options() const { return impl_->options; }
const BodyModel& Fitter::body() const { return *impl_->body; }
const PosePrior& Fitter::prior() const { return *impl_->prior; }

}  // namespace gyre
