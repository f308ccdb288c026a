// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_problem.h"

#include <fmt/format.h>

namespace gyre {

FitView FitProblem::Seen(int camera) const {
  return camera == 0 ? FitView{*this} : views[camera - 1];
}

int FitProblem::MainCamera() const {
  int main = 0;
  double most = confidence.sum();
  for (size_t i = 0; i < views.size(); ++i) {
    if (views[i].confidence.sum() <= most) continue;
    most = views[i].confidence.sum();
    main = static_cast<int>(i) + 1;
  }
  return main;
}

double& ObjectiveTerms::Named(std::string_view term) {
  if (term == "reprojection") return reprojection;
  if (term == "points") return points;
  if (term == "pose_prior") return pose_prior;
  if (term == "angle_prior") return angle_prior;
  if (term == "shape_prior") return shape_prior;
  if (term == "depth_anchor") return depth_anchor;
  if (term == "start_anchor") return start_anchor;
  return other;
}

std::string FitSummary::BriefReport() const {
  if (!usable) return fmt::format("not usable: {}", reason_text);
  return fmt::format(
      "{} after {}+{} iterations, objective {:.1f} -> {:.1f}, {:.2f} px over {} joints",
      EnumName(termination), torso_iterations, body_iterations, before.BodyTotal(),
      after.BodyTotal(), score.reprojection_px, score.observed_joints);
}

}  // namespace gyre
