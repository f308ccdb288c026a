// SPDX-License-Identifier: Apache-2.0
// The fitter's options on the command lines of gyre fit and gyre bench fit: the part that --preset
// has of them, and a flag --fit.FIELD for every field.
#pragma once

#include <cxxopts.hpp>

#include "fitting/fit_options.h"
#include "tools/option_flags.h"

namespace gyre {

// `defaults`: what the command has without any of them.
void AddFitFlags(cxxopts::Options& cli, const FitOptions& defaults, const FlagNames& names);

// The fitter's part of --preset; ApplyFlags sets the rest.
FitOptions PresetFit(const cxxopts::ParseResult& args);

}  // namespace gyre
