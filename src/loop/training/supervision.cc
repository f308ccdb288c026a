// SPDX-License-Identifier: Apache-2.0
#include "loop/training/supervision.h"

#include <limits>

#include "core/error.h"

namespace gyre {

bool NeedsFits(Supervision supervision) {
  return supervision == Supervision::kLoop || supervision == Supervision::kStatic;
}

void RefreshPolicy::Check() const {
  if (every < 1) ThrowUserError("refresh.every = {} must be 1 or more", every);
  if (delay_steps < 0) ThrowUserError("refresh.delay_steps = {} must be 0 or more", delay_steps);
  if (after_steps < 0) ThrowUserError("refresh.after_steps = {} must be 0 or more", after_steps);
}

std::vector<Target> LabelTeacher::Step(std::span<const Person> samples,
                                       std::span<const BodyParams> /*predictions*/,
                                       int64_t /*step*/, SupervisionStats* stats) {
  *stats = {};
  stats->reprojection_px = std::numeric_limits<double>::quiet_NaN();
  std::vector<Target> targets(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    if (use_labels_ && samples[i].params) targets[i] = {*samples[i].params, true, {}};
  }
  return targets;
}

}  // namespace gyre
