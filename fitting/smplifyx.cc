// SPDX-License-Identifier: Apache-2.0
#include "fitting/smplifyx.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "body/whole_body_joints.h"
#include "core/error.h"
#include "core/so3.h"
#include "fitting/backends/ceres_backend.h"
#include "fitting/hypotheses.h"
#include "fitting/placement.h"
#include "fitting/terms/angle_prior.h"
#include "fitting/terms/hand_prior.h"
#include "fitting/terms/jaw_prior.h"
#include "fitting/terms/shape_prior.h"

namespace gyre {
namespace {

constexpr double kSigmaPx = 100, kDataWeight = 1000, kBending = 3.17, kTorsoDepth = 100;
constexpr double kNarrowPx = 25;  // shoulders so near each other are seen from the side
constexpr SolverOptions kSolver = {100, 1e-6};
constexpr std::string_view kIgnored[] = {"OP Neck", "OP RHip", "OP LHip"};
constexpr std::string_view kTorso[] = {"OP RShoulder", "OP LShoulder", "OP RHip", "OP LHip"};

double WeightOf(const JointInfo& joint, const SmplifyxStage& stage) {
  switch (PartOf(joint)) {
    case PersonPart::kFace:
      return stage.face;
    case PersonPart::kLeftHand:
    case PersonPart::kRightHand:
      return stage.hands;
    default:
      return std::ranges::find(kIgnored, joint.name) == std::end(kIgnored) ? 1 : 0;
  }
}

}  // namespace

Smplifyx::Smplifyx(std::shared_ptr<const BodyModel> body, const KeypointRules& rules,
                   std::shared_ptr<const FoldedJoints> joints, std::shared_ptr<const VPoser> vposer)
    : body_(std::move(body)),
      rules_(rules),
      joints_(std::move(joints)),
      vposer_(std::move(vposer)) {
  const BodyLayout& layout = *body_->layout;
  if (layout.IndexOf("Jaw") < 0 || layout.num_expression == 0 || !HandPca::IsKnown(*body_, 0) ||
      !HandPca::IsKnown(*body_, 1)) {
    ThrowUserError(
        "{}: SMPLify-X needs a body with hands, their components, a jaw and expressions; choose a "
        "--body of SMPL-X's layout",
        body_->name);
  }
  pieces_ = {MakeVPoserPiece(vposer_, layout)};
  for (const int right : {0, 1}) {
    hands_.emplace_back(*body_, right);
    pieces_.push_back(MakeHandPiece(hands_.back()));
  }
  std::ranges::transform(kTorso, torso_.begin(),
                         [&](std::string_view name) { return rules_.set().IndexOf(name); });
}

ParamChart Smplifyx::Chart(bool translation) const {
  std::vector<bool> given(body_->layout->num_params(), false);
  for (const auto& piece : pieces_) {
    for (const int i : piece->params()) given[i] = true;
  }
  std::vector<int> direct;
  const int end = body_->layout->num_params() - (translation ? 0 : 3);
  for (int i = 0; i < end; ++i) {
    if (!given[i]) direct.push_back(i);
  }
  return {std::move(direct), pieces_};
}

LatentPrior Smplifyx::PosePrior(const ParamChart& chart, const SmplifyxStage& stage) const {
  return {chart.FirstOf(0), vposer_->latent_size(), stage.pose};
}

std::vector<Observation> Smplifyx::Observed(const FitProblem& problem, const SmplifyxStage& stage,
                                            double image_height_px) const {
  std::vector<Observation> observations;
  for (int i = 0; i < rules_.set().size(); ++i) {
    const double weight =
        problem.confidence[i] * WeightOf(FindJoint(rules_.set().joints[i]), stage);
    if (!(weight > 0) || rules_.DistinctOf(i) < 0) continue;
    observations.push_back({rules_.DistinctOf(i), problem.keypoints_px.row(i).transpose(),
                            weight * kDataWeight / image_height_px});
  }
  return observations;
}

Objective Smplifyx::StageObjective(const FitProblem& problem, const SmplifyxStage& stage,
                                   double image_height_px) const {
  const BodyLayout& layout = *body_->layout;
  Objective::Terms terms;
  terms.push_back(std::make_unique<ReprojectionTerm>(
      Observed(problem, stage, image_height_px), std::vector<View>{View{problem.camera}}, true));
  terms.push_back(std::make_unique<AnglePriorTerm>(HingeAngles(layout), AnglePrior::kExponential,
                                                   std::sqrt(kBending * stage.pose)));
  terms.push_back(std::make_unique<SpringTerm>(ShapePrior(stage.shape, layout)));
  terms.push_back(std::make_unique<HandPriorTerm>(hands_, stage.pose));
  terms.push_back(
      std::make_unique<JawPriorTerm>(JawPriorTerm::SpringsOf(layout, /*eyes=*/false), stage.jaw));
  Objective objective(joints_, std::move(terms), {}, BodyParams(layout));
  objective.set_sigma_px(kSigmaPx);
  return objective;
}

Objective Smplifyx::TorsoObjective(const FitProblem& problem, const std::array<bool, 4>& seen,
                                   const BodyParams& guess, double image_height_px) const {
  std::vector<Observation> observations;
  for (int i = 0; i < 4; ++i) {
    if (!seen[i]) continue;
    observations.push_back({rules_.DistinctOf(torso_[i]),
                            problem.keypoints_px.row(torso_[i]).transpose(),
                            kDataWeight / image_height_px});
  }
  const int end = body_->layout->num_params();
  Objective::Terms terms;
  terms.push_back(std::make_unique<ReprojectionTerm>(std::move(observations),
                                                     std::vector<View>{View{problem.camera}}));
  terms.push_back(std::make_unique<SpringTerm>("depth_anchor", kTorsoDepth, end - 1, 1,
                                               SpringTerm::Target::kAnchor));
  return {joints_, std::move(terms), {0, 1, 2, end - 3, end - 2, end - 1}, guess};
}

Vec3 Smplifyx::GuessTranslation(const FitProblem& problem, const std::array<bool, 4>& seen,
                                const BodyParams& params) const {
  const Points3 joints = joints_->Positions(params);
  double in_space_m = 0, in_picture_px = 0;
  for (const int side : {0, 1}) {
    if (!seen[side] || !seen[side + 2]) continue;
    const int shoulder = torso_[side], hip = torso_[side + 2];
    in_space_m +=
        (joints.row(rules_.DistinctOf(shoulder)) - joints.row(rules_.DistinctOf(hip))).norm();
    in_picture_px += (problem.keypoints_px.row(shoulder) - problem.keypoints_px.row(hip)).norm();
  }
  return {0, 0, problem.camera.focal_px * in_space_m / in_picture_px};
}

BodyParams Smplifyx::MeanBody() const {
  BodyParams mean(*body_->layout);
  const ParamChart chart = Chart(true);
  chart.SetParams(VecX::Zero(chart.size()), &mean);
  return mean;
}

Smplifyx::Fit Smplifyx::RunFrom(const FitProblem& problem, BodyParams start,
                                double image_height_px) const {
  const ParamChart chart = Chart(false);
  Fit fit{std::move(start), {}, 0, {}};
  VecX x = VecX::Zero(chart.size());
  x.head(chart.direct().size()) = fit.params.values()(chart.direct());
  for (const SmplifyxStage& stage : kSmplifyxStages) {
    Objective objective = StageObjective(problem, stage, image_height_px);
    const SolverResult stage_result =
        SolveOnChart(objective, chart, {PosePrior(chart, stage)}, kSolver, &x, &fit.params);
    const int iterations = fit.result.iterations + stage_result.iterations;
    fit.result = stage_result;
    fit.result.iterations = iterations;
    fit.stage_costs.push_back(stage_result.cost);
    if (stage_result.termination == Termination::kFailed) break;
  }
  fit.objective = fit.result.cost;
  return fit;
}

Smplifyx::Fit Smplifyx::Run(const FitProblem& problem) const {
  const double image_height_px = 2 * problem.camera.center_px.y();
  std::array<bool, 4> seen{};
  for (int i = 0; i < 4; ++i) {
    seen[i] =
        torso_[i] >= 0 && problem.confidence[torso_[i]] > 0 && rules_.DistinctOf(torso_[i]) >= 0;
  }
  BodyParams start = MeanBody();
  start.rotation(0) = Vec3(std::numbers::pi, 0, 0);  // upright, facing the camera
  Fit failed{start, {Termination::kFailed, 0, 0}, std::numeric_limits<double>::infinity(), {}};
  const Observations observed = rules_.Compile(problem);
  Vec3 guess = GuessTranslation(problem, seen, start);
  if (const auto placed = PlaceBody(problem, observed, *joints_, start);
      placed && !guess.allFinite()) {
    guess = *placed;
  }
  if (!guess.allFinite() || !(image_height_px > 0)) return failed;
  start.transl() = guess;
  std::vector<BodyParams> starts = {start};
  const bool narrow =
      seen[0] && seen[1] &&
      (problem.keypoints_px.row(torso_[0]) - problem.keypoints_px.row(torso_[1])).norm() <
          kNarrowPx;
  if (std::ranges::count(seen, true) >= 3) {
    Objective torso = TorsoObjective(problem, seen, start, image_height_px);
    SolveWithCeres(torso, kSolver, &starts[0]);
  } else if (const auto placed = PlaceBody(problem, observed, *joints_, start)) {
    starts[0].transl() = *placed;
  }
  if (narrow) starts.push_back(TurnedAround(starts[0]));
  Fit best = failed;
  for (const BodyParams& one : starts) {
    Fit fit = RunFrom(problem, one, image_height_px);
    if (fit.result.termination == Termination::kFailed || !(fit.objective < best.objective)) {
      continue;
    }
    best = std::move(fit);
  }
  return best;
}

}  // namespace gyre
