// SPDX-License-Identifier: Apache-2.0
// The description of a run of `gyre fit`, which stands in its journal and in its result.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "fitting/fit_options.h"

namespace gyre {

// A preset's options as `gyre fit` has them, where it does otherwise than training: strangers'
// pictures show less of a person, and who fits once wants to know how sure it is.
FitOptions ForBulk(FitOptions options, bool sequence);

// What made the rows: data set, options, models, shard. Rows of equal runs are equal.
using FitRun = nlohmann::json;

// A description as this gyre would have written it: the options that an older one left out have
// their defaults. (So a new option's default has to be what gyre did without it, or stand in
// fit_run.cc as what that was.) Anything that is no description stays as it is.
FitRun Completed(FitRun run);
// The options with which the run goes on that `was` describes: those that it left out, and that
// nobody asks for by name ("fit.sigma_px"), as what gyre did before it had them.
FitOptions AsBegun(FitOptions options, const FitRun& was, const std::set<std::string>& given);
// What differs first between two runs, "fit.sigma_px was 100 and is 50"; empty when nothing does.
std::string DifferenceOf(const FitRun& was, const FitRun& is);

}  // namespace gyre
