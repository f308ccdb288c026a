// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_problem.h"

#include <fmt/format.h>

namespace gyre {
namespace {

const char* TerminationName(FitTermination termination) {
  switch (termination) {
    case FitTermination::kNotRun:
      return "not run";
    case FitTermination::kConverged:
      return "converged";
    case FitTermination::kMaxIterations:
      return "stopped at the iteration limit";
    case FitTermination::kFailed:
      return "failed";
  }
  return "unknown";
}

}  // namespace

const char* FitReasonName(FitReason reason) {
  switch (reason) {
    case FitReason::kOk:
      return "ok";
    case FitReason::kNonFiniteInput:
      return "non_finite_input";
    case FitReason::kBadCamera:
      return "bad_camera";
    case FitReason::kTooFewJoints:
      return "too_few_joints";
    case FitReason::kNotPlaceable:
      return "not_placeable";
    case FitReason::kSolverFailed:
      return "solver_failed";
  }
  return "unknown";
}

std::string FitSummary::BriefReport() const {
  if (!usable) return fmt::format("not usable: {}", reason_text);
  return fmt::format("{} after {}+{} iterations, objective {:.1f} -> {:.1f}, {:.2f} px over {} joints",
                     TerminationName(termination), torso_iterations, body_iterations,
                     before.BodyTotal(), after.BodyTotal(), score.reprojection_px,
                     score.observed_joints);
}

std::string FitSummary::FullReport() const {
  std::string report = BriefReport() + "\n";
  const auto line = [&](const char* name, double ObjectiveTerms::*term) {
    report += fmt::format("  {:<14}{:>14.3f}{:>14.3f}\n", name, before.*term, after.*term);
  };
  report += fmt::format("  {:<14}{:>14}{:>14}\n", "term", "start", "end");
  line("reprojection", &ObjectiveTerms::reprojection);
  line("pose_prior", &ObjectiveTerms::pose_prior);
  line("angle_prior", &ObjectiveTerms::angle_prior);
  line("shape_prior", &ObjectiveTerms::shape_prior);
  line("depth_anchor", &ObjectiveTerms::depth_anchor);
  line("start_anchor", &ObjectiveTerms::start_anchor);
  line("camera_stage", &ObjectiveTerms::camera_stage);
  report += fmt::format("  {:<14}{:>14.3f}{:>14.3f}\n", "body_total", before.BodyTotal(),
                        after.BodyTotal());
  report += fmt::format("  score {:.3f} px^2, {} hypotheses, {:.2f} ms\n", score.score_px2,
                        hypotheses_tried, 1e3 * seconds);
  return report;
}

}  // namespace gyre
