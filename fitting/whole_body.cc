// SPDX-License-Identifier: Apache-2.0
#include "fitting/whole_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "body/smpl_twin.h"
#include "core/error.h"
#include "core/so3.h"
#include "fitting/backends/charted_solver.h"
#include "fitting/hypotheses.h"
#include "fitting/mirror_search.h"
#include "fitting/terms/depth_anchor.h"
#include "fitting/terms/hand_prior.h"
#include "fitting/terms/jaw_prior.h"
#include "fitting/terms/shape_prior.h"

namespace gyre {
namespace {

// Of a hand or a face that is fitted by itself.
constexpr size_t kEnoughOfPart = 6;
constexpr SolverOptions kPartSolver = {15, 1e-3};
constexpr SolverOptions kJointSolver = {12, 1e-3};
constexpr double kPivotSigmaRad = 0.4;       // how far wrist and head may be off
constexpr int kFaceLandmarks[] = {0, 1, 2};  // of JointRegistry's: nose and eyes
constexpr double kSureOfFace = 0.4;
constexpr double kAnotherEnd = 0.005;  // metres between two bodies that are both searched from
constexpr double kNearRival = 1.1;     // of the better one's objective
// Turns about the forearm that are tried: hands turn by half a circle.
constexpr double kForearmTurns[] = {-1.6, -0.8, 0.8, 1.6};

constexpr SolverOptions kCollisionSolver = {4, 1e-3};

FitOptions TwinOptions(FitOptions options) {
  options.stages = FitStages::kBody;
  options.hand_prior_weight = options.jaw_prior_weight = 0;
  options.try_exchanged_limbs = options.estimate_uncertainty = false;
  options.rest_unseen_limbs = false;
  options.max_error_share = options.collision_weight = 0;
  return options;
}

// What a keypoint is on the twin; empty: nothing.
std::string_view TwinJoint(const JointInfo& joint) {
  constexpr int kBones[] = {27, 30, 36, 39, 42, 45};  // nose and corners of the eyes
  if (joint.name == "Left Middle 1") return "SMPL L_Hand";
  if (joint.name == "Right Middle 1") return "SMPL R_Hand";
  const bool bone = joint.source == JointSource::kFace &&
                    std::ranges::find(kBones, joint.source_idx) != std::end(kBones);
  return bone || PartOf(joint) == PersonPart::kBody ? joint.name : std::string_view();
}

// Rows of what is as many as there are keypoints.
void SelectRows(const std::vector<int>& rows, PersonKeypoints* camera) {
  camera->keypoints_px = Points2(camera->keypoints_px(rows, Eigen::all));
  camera->confidence = VecX(camera->confidence(rows));
}

std::vector<int> Consecutive(int first, int count) {
  std::vector<int> numbers(count);
  for (int i = 0; i < count; ++i) numbers[i] = first + i;
  return numbers;
}

void Append(std::vector<int>* to, const std::vector<int>& more) {
  to->insert(to->end(), more.begin(), more.end());
}

}  // namespace

WholeBody::WholeBody(const FitModel& model, std::shared_ptr<const PosePrior> prior)
    : model_(model) {
  const BodyModel& body = *model.body;
  const BodyLayout& layout = *body.layout;
  const std::optional<BodyModel> twin = SmplTwinOf(body);
  if (!twin || !HandPca::IsKnown(body, 0) || !HandPca::IsKnown(body, 1)) {
    ThrowUserError(
        "{}: whole-body fits need a body with hands and their components; choose a --body of "
        "SMPL-X's layout",
        body.name);
  }
  KeypointSet of_twin{"whole_body_twin", {}};
  for (int i = 0; i < model.rules.set().size(); ++i) {
    const std::string_view name = TwinJoint(FindJoint(model.rules.set().joints[i]));
    if (name.empty()) continue;
    of_twin.joints.push_back(name);
    of_twin_.push_back(i);
  }
  const auto twin_body = std::make_shared<const BodyModel>(*twin);
  twin_ = std::make_unique<const Fitter>(twin_body, prior, TwinOptions(model.options), of_twin);
  FitOptions plain = twin_->options();
  plain.hypotheses = Hypotheses::kStartOnly;
  plain_twin_ = std::make_unique<const Fitter>(twin_body, prior, plain, of_twin);
  plain.cold_start = ColdStart::kMean;
  upright_twin_ = std::make_unique<const Fitter>(twin_body, prior, plain, of_twin);
  twin_model_ = std::make_unique<const FitModel>(twin_body, prior, twin_->options(), of_twin);
  for (const std::string_view joint : model.rules.distinct_joints().joints) {
    part_of_.push_back(PartOf(FindJoint(joint)));
  }
  if (model.options.collision_weight > 0) {
    disentangler_ = std::make_unique<const Disentangler>(body, model.options.collision_weight);
  }
  const std::vector<int> translation = Consecutive(layout.num_params() - 3, 3);
  for (const int right : {0, 1}) {
    const int wrist = layout.IndexOf(right ? "R_Wrist" : "L_Wrist");
    Part& hand = parts_.emplace_back(Part{right ? PersonPart::kRightHand : PersonPart::kLeftHand,
                                          Consecutive(3 * wrist, 3), HandPca(body, right), wrist,
                                          3 * wrist});
    Append(&hand.direct, translation);
  }
  const int head = layout.IndexOf("Head"), jaw = layout.IndexOf("Jaw");
  if (jaw < 0) return;
  Part& face = parts_.emplace_back(
      Part{PersonPart::kFace, Consecutive(3 * head, 3), std::nullopt, head, 3 * head});
  Append(&face.direct, Consecutive(3 * jaw, 3));
  Append(&face.direct, Consecutive(layout.num_pose() + layout.num_betas, layout.num_expression));
  Append(&face.direct, translation);
}

FitProblem WholeBody::TwinProblem(const FitProblem& problem, const Observations& observed) const {
  std::vector<bool> counts(part_of_.size(), false);
  for (const Observation& one : observed.body) counts[one.joint] = true;
  for (const PointObservation& one : observed.body_points) counts[one.joint] = true;
  FitProblem twin = problem;
  SelectRows(of_twin_, &twin);
  for (FitView& view : twin.views) SelectRows(of_twin_, &view);
  if (twin.points3D.rows() > 0) {
    twin.points3D = Points3(problem.points3D(of_twin_, Eigen::all));
    twin.points3D_confidence = VecX(problem.points3D_confidence(of_twin_));
  }
  for (size_t i = 0; i < of_twin_.size(); ++i) {
    const int joint = model_.rules.DistinctOf(of_twin_[i]);
    const bool is_body =
        PartOf(FindJoint(model_.rules.set().joints[of_twin_[i]])) == PersonPart::kBody;
    if (is_body || (joint >= 0 && counts[joint])) continue;
    twin.confidence[i] = 0;  // of a part that is left out
    for (FitView& view : twin.views) view.confidence[i] = 0;
    if (twin.points3D_confidence.size() > 0) twin.points3D_confidence[i] = 0;
  }
  twin.start = problem.has_start ? TwinFromBody(problem.start) : BodyParams(SmplLayout());
  return twin;
}

WholeBody::Bodies WholeBody::Start(const FitProblem& problem, const Observations& observed) const {
  const FitProblem of_twin = TwinProblem(problem, observed);
  BodyParams like(model_.layout());
  for (const Part& part : parts_) {
    if (part.hand) like.values()(part.hand->params()) = part.hand->mean();
  }
  if (problem.has_start) like = problem.start;
  const Hypotheses hypotheses = model_.options.hypotheses;
  Bodies bodies;
  FitResult& best = bodies.best;
  if (!problem.has_start && hypotheses == Hypotheses::kUninformed && ShowsFace(of_twin)) {
    bodies = StartUninformed(of_twin);
  } else {
    best = twin_->Fit(of_twin);
    if (best.summary.usable && hypotheses != Hypotheses::kStartOnly) {
      SearchMirrored(*twin_model_, of_twin, &best, &bodies.others);
    }
  }
  const auto of_body = std::ranges::count_if(observed.body, [&](const Observation& one) {
    return part_of_[one.joint] == PersonPart::kBody;
  });
  if (best.summary.usable && of_body < model_.options.min_observed_joints) {
    best.summary.usable = false;
    best.summary.reason = FitReason::kTooFewJoints;
    best.summary.reason_text =
        fmt::format("{} joints of the body observed, besides hands and face; {} needed", of_body,
                    model_.options.min_observed_joints);
  }
  best.params = BodyFromTwin(best.params, std::move(like));
  for (FitAlternative& other : bodies.others) {
    other.params = BodyFromTwin(other.params, best.params);
  }
  if (bodies.rival) bodies.rival = BodyFromTwin(*bodies.rival, best.params);
  return bodies;
}

// From the likeliest start and the upright one, with bones mirrored from both ends where these are
// different bodies.
WholeBody::Bodies WholeBody::StartUninformed(const FitProblem& of_twin) const {
  Bodies bodies;
  FitResult& best = bodies.best = plain_twin_->Fit(of_twin);
  if (model_.options.cold_start == ColdStart::kMean) {
    if (best.summary.usable) SearchMirrored(*twin_model_, of_twin, &best, &bodies.others);
    return bodies;
  }
  const auto objective_of = [](const FitResult& fit) {
    return fit.summary.usable ? fit.summary.after.BodyTotal()
                              : std::numeric_limits<double>::infinity();
  };
  const auto are_apart = [&](const FitResult& a, const FitResult& b) {
    return DistanceOfBodies(twin_model_->skeleton, a.params, b.params) > kAnotherEnd;
  };
  FitResult second = upright_twin_->Fit(of_twin);
  if (objective_of(second) < objective_of(best)) std::swap(best, second);
  if (!best.summary.usable) return bodies;
  const bool search_both = second.summary.usable && are_apart(best, second);
  SearchMirrored(*twin_model_, of_twin, &best, &bodies.others);
  if (search_both) {
    std::vector<FitAlternative> more;
    SearchMirrored(*twin_model_, of_twin, &second, &more);
    if (objective_of(second) < objective_of(best)) {
      std::swap(best, second);
      bodies.others = std::move(more);
    }
    if (objective_of(second) < kNearRival * objective_of(best) && are_apart(best, second)) {
      bodies.rival = second.params;
    }
  }
  best.summary.body_iterations += second.summary.body_iterations;
  return bodies;
}

// Nose and both eyes: who shows them faces the camera.
bool WholeBody::ShowsFace(const FitProblem& of_twin) const {
  const KeypointSet& set = twin_->keypoints();
  return std::ranges::all_of(kFaceLandmarks, [&](int landmark) {
    for (int i = 0; i < set.size(); ++i) {
      const JointInfo& joint = FindJoint(set.joints[i]);
      if (joint.source == JointSource::kLandmark && joint.source_idx == landmark &&
          of_twin.confidence[i] >= kSureOfFace) {
        return true;
      }
    }
    return false;
  });
}

bool WholeBody::IsSeen(const Part& part, const Observations& observed) const {
  size_t seen = 0;
  for (const Observation& one : observed.body) seen += part_of_[one.joint] == part.part;
  return seen >= kEnoughOfPart;
}

Objective WholeBody::PartObjective(const Part& part, const StagedProblem& staged,
                                   const BodyParams& anchor) const {
  const FitOptions& options = model_.options;
  std::vector<Observation> observations;
  for (const Observation& one : staged.observed.body) {
    if (part_of_[one.joint] == part.part) observations.push_back(one);
  }
  Objective::Terms terms;
  terms.push_back(
      std::make_unique<ReprojectionTerm>(std::move(observations), staged.observed.views,
                                         options.robust_norm == RobustNorm::kPerCoordinate));
  terms.push_back(std::make_unique<SpringTerm>("pivot", options.AnchorOf(kPivotSigmaRad),
                                               part.pivot_param, 3, SpringTerm::Target::kAnchor));
  terms.push_back(std::make_unique<SpringTerm>(DepthAnchor(options.sigma_px, model_.layout())));
  if (part.hand) {
    terms.push_back(std::make_unique<HandPriorTerm>(std::vector<HandPca>{*part.hand},
                                                    options.hand_prior_weight));
  } else {
    terms.push_back(
        std::make_unique<SpringTerm>(ShapePrior(options.shape_prior_weight, model_.layout())));
    terms.push_back(std::make_unique<JawPriorTerm>(
        JawPriorTerm::SpringsOf(model_.layout(), /*eyes=*/false), options.jaw_prior_weight));
  }
  Objective objective(model_.joints, std::move(terms), {}, anchor);
  objective.set_sigma_px(options.first_sigma_px);
  return objective;
}

// Where the body has the wrist and, of hands and where more starts are asked for, the best turn
// about the forearm.
std::vector<BodyParams> WholeBody::PartStarts(const Part& part, Objective& objective,
                                              const BodyParams& start) const {
  std::vector<BodyParams> starts = {start};
  if (!part.hand || model_.options.hypotheses == Hypotheses::kStartOnly) return starts;
  BodyParams best;
  double lowest = std::numeric_limits<double>::infinity();
  for (const double turn : kForearmTurns) {
    BodyParams turned = start;
    turned.rotation(part.pivot) =
        LogSO3(ExpSO3(Vec3(turn, 0, 0)) * ExpSO3(start.rotation(part.pivot)));
    const double cost = objective.Cost(turned);
    if (!(cost < lowest)) continue;
    lowest = cost;
    best = turned;
  }
  if (std::isfinite(lowest)) starts.push_back(best);
  return starts;
}

SolverResult WholeBody::Solve(Objective& objective, const ParamChart& chart,
                              const SolverOptions& options, FusedChartWorkspace& workspace, VecX* x,
                              BodyParams* params) const {
  if (model_.options.backend == FitBackend::kFused && FusedOnChartApplies(objective, chart)) {
    return SolveFusedOnChart(objective, chart, options, workspace, x, params);
  }
  return SolveOnChart(objective, chart, {}, options, x, params);
}

void WholeBody::FitPart(const Part& part, const StagedProblem& staged,
                        FusedChartWorkspace& workspace, BodyParams* params) const {
  Objective objective = PartObjective(part, staged, *params);
  const ParamChart chart(part.direct, part.hand ? ParamChart::Pieces{MakeHandPiece(*part.hand)}
                                                : ParamChart::Pieces{});
  double lowest = std::numeric_limits<double>::infinity();
  BodyParams best = *params;
  for (BodyParams& start : PartStarts(part, objective, *params)) {
    VecX x = chart.Coordinates(start);
    SolverResult result;
    for (const double sigma_px : {model_.options.first_sigma_px, model_.options.sigma_px}) {
      objective.set_sigma_px(sigma_px);
      result = Solve(objective, chart, kPartSolver, workspace, &x, &start);
    }
    if (result.termination == Termination::kFailed || !(result.cost < lowest)) continue;
    lowest = result.cost;
    best = start;
  }
  best.transl() = params->transl();
  *params = std::move(best);
}

// What moves, hands by their components.
ParamChart WholeBody::ChartOf(const Objective& objective) const {
  std::vector<int> direct = objective.free();
  ParamChart::Pieces pieces;
  for (const Part& part : parts_) {
    if (!part.hand) continue;
    const int first = part.hand->first_param(), end = first + part.hand->num_pose();
    const auto is_hands = [&](int i) { return i >= first && i < end; };
    if (std::ranges::none_of(direct, is_hands)) continue;
    std::erase_if(direct, is_hands);
    pieces.push_back(MakeHandPiece(*part.hand));
  }
  return {std::move(direct), std::move(pieces)};
}

FitCandidate WholeBody::Finish(StagedProblem& staged, const BodyParams& start, FitSummary* summary,
                               const BodyParams* with_parts) const {
  FusedChartWorkspace workspace;
  BodyParams params = start;
  if (with_parts != nullptr) {
    std::vector<int> pivots;
    for (const Part& part : parts_) {
      if (IsSeen(part, staged.observed)) pivots.push_back(part.pivot);
    }
    params = WithPartsOf(*with_parts, model_.layout(), pivots, std::move(params));
  } else {
    for (const Part& part : parts_) {
      if (IsSeen(part, staged.observed)) FitPart(part, staged, workspace, &params);
    }
  }
  Objective& all = staged.body;
  all.set_sigma_px(model_.options.sigma_px);
  const ParamChart chart = ChartOf(all);
  VecX x = chart.Coordinates(params);
  FitCandidate candidate{params};
  const SolverResult result = Solve(all, chart, kJointSolver, workspace, &x, &candidate.params);
  summary->body_iterations += result.iterations;
  if (disentangler_ && result.termination != Termination::kFailed) {
    const auto solve = [&](std::unique_ptr<const PenetrationTerm> term, BodyParams* moved) {
      Objective objective =
          model_.StageObjective(FitStage::kBody, staged.observed, staged.anchor, std::move(term));
      x = chart.Coordinates(*moved);
      Solve(objective, chart, kCollisionSolver, workspace, &x, moved);
    };
    disentangler_->Run(solve, &candidate.params);
  }
  candidate.termination = result.termination;
  candidate.cost = result.termination == Termination::kFailed
                       ? std::numeric_limits<double>::infinity()
                       : result.cost;
  return candidate;
}

}  // namespace gyre
