// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/start_anchor.h"

#include "fitting/fit_options.h"
#include "fitting/terms/term_list.h"

namespace gyre {

SpringTerm StartAnchor(double weight, int num_joints) {
  return {"start_anchor", weight, 0, 3 * num_joints, SpringTerm::Target::kAnchor};
}

std::unique_ptr<const Term> MakeStartAnchorTerm(const TermSources& sources) {
  const bool torso = sources.stage == FitStage::kTorso;
  const double weight = torso                    ? sources.options.torso_orientation_anchor
                        : sources.informed_start ? sources.options.start_anchor
                                                 : 0;
  if (weight == 0) return nullptr;
  return std::make_unique<SpringTerm>(StartAnchor(weight, torso ? 1 : sources.layout.num_joints()));
}

}  // namespace gyre
