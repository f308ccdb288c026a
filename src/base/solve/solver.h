// SPDX-License-Identifier: Apache-2.0
// What every least-squares solver takes and what it says in the end. They minimise |r(x)|^2, the
// objective, without the factor of one half that Ceres puts before it.
#pragma once

#include "core/enum_names.h"

namespace gyre {

enum class Termination { kNotRun, kConverged, kMaxIterations, kFailed };
template <>
struct EnumNames<Termination> {
  static constexpr NameOf<Termination> kAll[] = {
      {Termination::kNotRun, "not run"},
      {Termination::kConverged, "converged"},
      {Termination::kMaxIterations, "stopped at the iteration limit"},
      {Termination::kFailed, "failed"}};
};

struct SolverOptions {
  int max_iterations = 50;
  double function_tolerance = 1e-5;  // relative decrease of the objective by a step that ends it
};

struct SolverResult {
  Termination termination = Termination::kNotRun;
  int iterations = 0;  // steps tried
  double cost = 0;     // the objective at the end
};

}  // namespace gyre
