// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/angle_prior.h"

#include <cmath>
#include <utility>

#include "body/anatomy.h"
#include "fitting/terms/term_list.h"

namespace gyre {

std::vector<AnglePriorEntry> HingeAngles(const BodyLayout& layout) {
  std::vector<AnglePriorEntry> angles;
  for (const auto& [joint, axis, sign] : kHinges) {
    const int k = layout.IndexOf(joint);
    if (k >= 0) angles.push_back({3 * k + axis, sign});
  }
  return angles;
}

AnglePriorTerm::AnglePriorTerm(std::vector<AnglePriorEntry> angles, AnglePrior form, double weight)
    : ParamTerm("angle_prior", weight, static_cast<int>(angles.size())),
      angles_(std::move(angles)),
      form_(form) {}

void AnglePriorTerm::FillRows(const BodyParams& params, const BodyParams&, Row* rows) const {
  for (const AnglePriorEntry& angle : angles_) {
    const double value = params.values()[angle.pose_idx];
    if (form_ == AnglePrior::kExponential) {
      const double r = weight() * std::exp(angle.sign * value);
      *rows++ = {angle.pose_idx, r, angle.sign * r};
      continue;
    }
    const double beyond = angle.sign * value - kAngleSlack;
    *rows++ = beyond > 0 ? Row{angle.pose_idx, weight() * beyond, weight() * angle.sign}
                         : Row{angle.pose_idx, 0, 0};
  }
}

std::unique_ptr<const Term> MakeAnglePriorTerm(const TermSources& sources) {
  const double weight = sources.options.angle_prior_weight;
  std::vector<AnglePriorEntry> angles = HingeAngles(sources.layout);
  if (sources.stage != FitStage::kBody || weight == 0 || angles.empty()) return nullptr;
  return std::make_unique<AnglePriorTerm>(std::move(angles), sources.options.angle_prior, weight);
}

}  // namespace gyre
