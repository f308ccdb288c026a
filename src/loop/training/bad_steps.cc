// SPDX-License-Identifier: Apache-2.0
#include "loop/training/bad_steps.h"

#include <spdlog/spdlog.h>

#include "core/error.h"

namespace gyre {

void BadSteps::Bad(int64_t step, const std::string& what) {
  if (++in_a_row_ > at_most_) {
    ThrowUserError(
        "step {}: not finite: {}; lower --learning-rate or run gyre data check on the data{}", step,
        what,
        in_a_row_ > 1
            ? fmt::format(" ({} steps before it were left out for the like)", in_a_row_ - 1)
            : "");
  }
  spdlog::warn("step {}: not finite: {}; the step is left out", step, what);
}

}  // namespace gyre
