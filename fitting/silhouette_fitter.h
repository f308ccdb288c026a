// SPDX-License-Identifier: Apache-2.0
// What a person's mask adds to a fit of their keypoints: above all how stout they are. From the
// keypoints' fit on, the body stage's objective and the term of terms/silhouette.h are minimised
// together by Ceres, in rounds: each matches the mask's contour anew with the outline of the body
// as it then stands, as iterative closest points does.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fitting/body_outline.h"
#include "fitting/fitter.h"
#include "fitting/silhouette_field.h"
#include "fitting/silhouette_options.h"
#include "fitting/terms/silhouette.h"

namespace gyre {

struct SilhouetteFit {
  FitResult result;
  bool used = false;
  std::string problem;  // why it was not, one sentence
  // Intersection over union of mask and body where the mask knows (see hidden_px), before and
  // after; NaN where nothing was compared.
  double overlap_before = std::numeric_limits<double>::quiet_NaN();
  double overlap_after = std::numeric_limits<double>::quiet_NaN();
};

// Immutable, for any number of threads. It outlives neither.
class SilhouetteFitter {
 public:
  // `fitter`: of the body stage (FitStages::kBody).
  SilhouetteFitter(const Fitter& fitter, SilhouetteOptions options);

  // `fit`: the problem's by `fitter`. The mask is of the problem's first camera. What cannot be
  // bettered by it comes back as it is, and says why: a fit that is not usable, a mask that shows
  // nobody or somebody else. Bad data never throws.
  SilhouetteFit Fit(const FitProblem& problem, const SilhouetteMask& mask, FitResult fit) const;

  const SilhouetteOptions& options() const { return options_; }

 private:
  struct Work;
  double Sharpness(const std::vector<OutlineMatch>& matches, const BodyOutline& outline,
                   double px) const;
  bool Round(const Work& work, const BodyOutline& outline, BodyParams* params,
             int* iterations) const;
  std::shared_ptr<const BodyOutline> OutlineOf(const FitProblem& problem,
                                               const BodyParams& params) const;
  FitResult Finished(const FitProblem& problem, const FitProblem& labelled, FitResult fit,
                     const BodyParams& params, int iterations) const;

  const Fitter& fitter_;
  SilhouetteOptions options_;
  std::vector<int> vertices_;
};

// As many vertices as asked for (or all), each as far from those before it as can be: the first is
// vertex 0.
std::vector<int> SpreadVertices(const Points3& vertices, int count);

// For each point of the contour the nearest of the outline's whose normal is within 60 degrees, as
// far as there is one within `reach_px`.
std::vector<OutlineMatch> MatchContour(const std::vector<BorderPoint>& contour,
                                       const BodyOutline& outline, double reach_px);

// Intersection over union of the cells where the mask says that it knows; NaN where both are empty.
double Overlap(const SilhouetteField& mask, const BodyOutline& body);

}  // namespace gyre
