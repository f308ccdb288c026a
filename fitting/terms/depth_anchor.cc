// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/depth_anchor.h"

#include "fitting/fit_options.h"
#include "fitting/terms/term_list.h"

namespace gyre {

SpringTerm DepthAnchor(double weight, const BodyLayout& layout) {
  return {"depth_anchor", weight, layout.num_params() - 1, 1, SpringTerm::Target::kAnchor};
}

std::unique_ptr<const Term> MakeDepthAnchorTerm(const TermSources& sources) {
  const FitOptions& options = sources.options;
  const double weight = sources.stage == FitStage::kTorso ? options.torso_depth_anchor
                        : options.body_translation_free   ? options.body_depth_anchor
                                                          : 0;
  if (weight == 0) return nullptr;
  return std::make_unique<SpringTerm>(DepthAnchor(weight, sources.layout));
}

}  // namespace gyre
