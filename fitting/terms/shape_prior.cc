// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/shape_prior.h"

#include "fitting/fit_options.h"
#include "fitting/terms/term_list.h"

namespace gyre {

SpringTerm ShapePrior(double weight, const BodyLayout& layout) {
  return {"shape_prior", weight, layout.num_pose(), layout.num_shape(), SpringTerm::Target::kZero};
}

std::unique_ptr<const Term> MakeShapePriorTerm(const TermSources& sources) {
  const double weight = sources.options.shape_prior_weight;
  if (sources.stage != FitStage::kBody || weight == 0) return nullptr;
  return std::make_unique<SpringTerm>(ShapePrior(weight, sources.layout));
}

}  // namespace gyre
