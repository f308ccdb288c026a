// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/jaw_prior.h"

#include <utility>

#include "fitting/fit_options.h"
#include "fitting/terms/term_list.h"

namespace gyre {

JawPriorTerm::JawPriorTerm(std::vector<Spring> springs, double weight)
    : ParamTerm("jaw_prior", weight, static_cast<int>(springs.size())),
      springs_(std::move(springs)) {}

std::vector<JawPriorTerm::Spring> JawPriorTerm::SpringsOf(const BodyLayout& layout, bool eyes) {
  std::vector<Spring> springs;
  for (int k = 0; k < layout.num_joints(); ++k) {
    if (layout.blocks[k] == JointBlock::kJaw) {
      springs.insert(springs.end(), {{3 * k, 1}, {3 * k + 1, kSideways}, {3 * k + 2, kSideways}});
    } else if (eyes && layout.blocks[k] == JointBlock::kEyes) {
      springs.insert(springs.end(), {{3 * k, kEyes}, {3 * k + 1, kEyes}, {3 * k + 2, kEyes}});
    }
  }
  return springs;
}

void JawPriorTerm::FillRows(const BodyParams& params, const BodyParams&, Row* rows) const {
  for (const auto& [param, factor] : springs_) {
    const double slope = weight() * factor;
    *rows++ = {param, slope * params.values()[param], slope};
  }
}

std::unique_ptr<const Term> MakeJawPriorTerm(const TermSources& sources) {
  const double weight = sources.options.jaw_prior_weight;
  auto springs = JawPriorTerm::SpringsOf(sources.layout, /*eyes=*/true);
  if (sources.stage != FitStage::kBody || weight == 0 || springs.empty()) return nullptr;
  return std::make_unique<JawPriorTerm>(std::move(springs), weight);
}

}  // namespace gyre
