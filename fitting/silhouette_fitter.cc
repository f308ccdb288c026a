// SPDX-License-Identifier: Apache-2.0
#include "fitting/silhouette_fitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "body/anatomy.h"
#include "core/error.h"
#include "core/so3.h"
#include "fitting/backends/ceres_backend.h"
#include "fitting/fit_checks.h"
#include "fitting/hidden_parts.h"
#include "fitting/limb_exchange.h"
#include "fitting/objective.h"
#include "fitting/terms/shape_prior.h"

namespace gyre {
namespace {

constexpr double kOutlineCell = 1;  // pixels of the crop
constexpr double kMinCosine = 0.5;  // between the normals of a match
constexpr double kLostOverlap = 0.02;
constexpr double kSharpest = 4;  // times the weight

// The keypoints as the fit took them.
FitProblem Labelled(const FitProblem& problem, const KeypointSet& set, Limbs exchanged) {
  if (exchanged == Limbs::kNone) return problem;
  return WithKeypointsExchanged(problem, WithLimbsExchanged(set, exchanged));
}

}  // namespace

std::vector<int> SpreadVertices(const Points3& vertices, int count) {
  std::vector<int> chosen = {0};
  const auto most = std::min<Eigen::Index>(count, vertices.rows());
  VecX nearest2 = VecX::Constant(vertices.rows(), std::numeric_limits<double>::infinity());
  while (std::ssize(chosen) < most) {
    const Eigen::RowVector3d last = vertices.row(chosen.back());
    nearest2 = nearest2.cwiseMin((vertices.rowwise() - last).rowwise().squaredNorm());
    Eigen::Index farthest = 0;
    if (nearest2.maxCoeff(&farthest) == 0) break;  // the others are doubles
    chosen.push_back(static_cast<int>(farthest));
  }
  return chosen;
}

std::vector<OutlineMatch> MatchContour(const std::vector<BorderPoint>& contour,
                                       const BodyOutline& outline, double reach_px) {
  std::vector<OutlineMatch> matches;
  for (const BorderPoint& point : contour) {
    const BorderPoint* nearest = nullptr;
    double nearest2 = reach_px * reach_px;
    for (const BorderPoint& other : outline.points()) {
      const double distance2 = (other.at_px - point.at_px).squaredNorm();
      if (distance2 > nearest2 || other.normal.dot(point.normal) < kMinCosine) continue;
      nearest = &other;
      nearest2 = distance2;
    }
    if (nearest == nullptr) continue;
    const int vertex = outline.NearestVertex(nearest->at_px);
    matches.push_back(
        {vertex, point.at_px, point.normal, nearest->at_px - outline.VertexAt(vertex)});
  }
  return matches;
}

double Overlap(const SilhouetteField& mask, const BodyOutline& body) {
  double both = 0, either = 0;
  const GridFrame& cells = body.frame();
  const double area = cells.cell_px * cells.cell_px;
  for (int y = 0; y < cells.height; ++y) {
    for (int x = 0; x < cells.width; ++x) {
      if (!body.Covers(x, y)) continue;
      const uint8_t says = mask.At(cells.Center(x, y));
      if (says == SilhouetteMask::kUnknown) continue;
      (says == SilhouetteMask::kBody ? both : either) += area;
    }
  }
  either += mask.BodyArea();
  return either > 0 ? both / either : std::numeric_limits<double>::quiet_NaN();
}

// What the rounds of one fit share.
struct SilhouetteFitter::Work {
  const FitProblem& problem;  // as labelled, its start where the anchors hold
  std::shared_ptr<const SilhouetteField> field;
  std::vector<BorderPoint> contour;
};

SilhouetteFitter::SilhouetteFitter(const Fitter& fitter, SilhouetteOptions options)
    : fitter_(fitter), options_(std::move(options)) {
  options_.Check();
  GYRE_CHECK(fitter.options().stages == FitStages::kBody);
  vertices_ = SpreadVertices(fitter.body().v_template, options_.vertices);
}

std::shared_ptr<const BodyOutline> SilhouetteFitter::OutlineOf(const FitProblem& problem,
                                                               const BodyParams& params) const {
  if (!params.values().allFinite()) return nullptr;
  const BodyModel& body = fitter_.body();
  return BodyOutline::Of(PoseBody(body, params).vertices, body.faces, problem.camera,
                         kOutlineCell / problem.pixel_scale);
}

// How much more matches may weigh that lie nearer together than edge_px.
double SilhouetteFitter::Sharpness(const std::vector<OutlineMatch>& matches,
                                   const BodyOutline& outline, double px) const {
  if (options_.edge_px == 0 || matches.empty()) return 1;
  std::vector<double> misses;
  for (const OutlineMatch& match : matches) {
    const Vec2 at = outline.VertexAt(match.vertex) + match.offset_px;
    misses.push_back(std::abs(match.normal.dot(at - match.contour_px)) / px);
  }
  const auto middle = misses.begin() + std::ssize(misses) / 2;
  std::ranges::nth_element(misses, middle);
  return std::clamp(options_.edge_px / *middle, 1.0, kSharpest);
}

// False where the solver finds no way down.
bool SilhouetteFitter::Round(const Work& work, const BodyOutline& outline, BodyParams* params,
                             int* iterations) const {
  const double px = 1 / work.problem.pixel_scale;
  std::vector<int> vertices;  // those that are outside, or may come out in this round
  for (const int vertex : vertices_) {
    if (work.field->MayLeave(outline.VertexAt(vertex), options_.match_px * px)) {
      vertices.push_back(vertex);
    }
  }
  auto matches = MatchContour(work.contour, outline, options_.match_px * px);
  if (vertices.empty() && matches.empty()) return false;
  const SilhouetteScale scale = {work.problem.camera, work.problem.pixel_scale,
                                 options_.weight * Sharpness(matches, outline, px),
                                 options_.sigma_px};
  Objective objective = fitter_.BodyObjective(work.problem);
  const double shape_weight =
      std::min(options_.shape_prior_weight, fitter_.options().shape_prior_weight);
  objective.Replace(std::make_unique<SpringTerm>(ShapePrior(shape_weight, *fitter_.body().layout)));
  objective.Add(std::make_unique<SilhouetteTerm>(fitter_.body(), work.field, std::move(vertices),
                                                 std::move(matches), scale));
  BodyParams moved = *params;
  const SolverResult solved = SolveWithCeres(
      objective, {options_.max_iterations, fitter_.options().function_tolerance}, &moved);
  if (solved.termination == Termination::kFailed || !moved.values().allFinite()) return false;
  *params = std::move(moved);
  *iterations += solved.iterations;
  return true;
}

FitResult SilhouetteFitter::Finished(const FitProblem& problem, const FitProblem& labelled,
                                     FitResult fit, const BodyParams& params,
                                     int iterations) const {
  FitSummary& summary = fit.summary;
  summary.by_mask = true;
  fit.params = params;
  if (const Vec3 root = params.rotation(0); root.norm() > std::numbers::pi) {
    fit.params.rotation(0) = LogSO3(ExpSO3(root));
  }
  summary.body_iterations += iterations;
  summary.after = fitter_.Evaluate(labelled, fit.params);
  summary.score = fitter_.Score(problem, fit.params);
  if (summary.exchanged != Limbs::kNone) {
    const double exchanged_px2 = fitter_.Score(labelled, fit.params).objective_px2 +
                                 kGrossErrorPx2 / problem.confidence.squaredNorm();
    summary.score.objective_px2 = std::min(summary.score.objective_px2, exchanged_px2);
  }
  summary.per_joint_error_px = fitter_.JointErrors(problem, fit.params);
  CheckError(problem, fitter_.options(), &summary);
  if (fit.uncertainty) fit.uncertainty = fitter_.Uncertainty(labelled, fit.params);
  return fit;
}

SilhouetteFit SilhouetteFitter::Fit(const FitProblem& problem, const SilhouetteMask& mask,
                                    FitResult fit) const {
  SilhouetteFit done;
  const auto leave = [&](std::string why) {
    done.result = std::move(fit);
    done.problem = std::move(why);
    return std::move(done);
  };
  if (!fit.summary.usable) return leave("the keypoints alone give no body to begin with");
  auto field = SilhouetteField::Of(mask, problem.pixel_scale);
  if (field == nullptr) {
    return leave("the mask does not show a body and what is none; is it this person's?");
  }
  FitProblem labelled = Labelled(problem, fitter_.keypoints(), fit.summary.exchanged);
  if (!labelled.start.Fits(*fitter_.body().layout)) {
    labelled.start = BodyParams(*fitter_.body().layout);
  }
  if (!problem.has_start || !problem.start_has_translation) {
    labelled.start.transl() = fit.params.transl();
  }
  BodyParams params = fit.params;
  auto outline = OutlineOf(labelled, params);
  if (outline == nullptr) return leave("the body is too near to the camera to be held against it");
  done.overlap_before = done.overlap_after = Overlap(*field, *outline);
  if (!(done.overlap_before >= options_.min_overlap)) {
    return leave(
        fmt::format("mask and body of the keypoints have {:.0f} % in common, less than {:.0f} % "
                    "(masks.min_overlap); is it this person's mask?",
                    100 * done.overlap_before, 100 * options_.min_overlap));
  }
  if (options_.hidden_px > 0) {
    const double deep_px = options_.hidden_px / problem.pixel_scale;
    const auto seen = SilhouetteField::Of(WithHiddenPartsUnknown(mask, *field, *outline, deep_px),
                                          problem.pixel_scale);
    if (seen != nullptr) field = seen;
    done.overlap_before = done.overlap_after = Overlap(*field, *outline);
  }
  const Work work{labelled, field, field->Contour(options_.spacing_px / problem.pixel_scale)};
  int iterations = 0;
  for (int round = 0; round < options_.rounds && outline != nullptr; ++round) {
    if (!Round(work, *outline, &params, &iterations)) break;
    outline = OutlineOf(labelled, params);
  }
  const double overlap = outline == nullptr ? 0 : Overlap(*field, *outline);
  if (iterations == 0 || !(overlap > done.overlap_before - kLostOverlap)) {
    return leave("no body is nearer to both the keypoints and the mask");
  }
  done.overlap_after = overlap;
  done.result = Finished(problem, labelled, std::move(fit), params, iterations);
  done.used = true;
  return done;
}

}  // namespace gyre
