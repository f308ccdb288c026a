// SPDX-License-Identifier: Apache-2.0
// gyre fit's --masks.
#pragma once

#include <cxxopts.hpp>

#include "loop/bulk/mask_fits.h"

namespace gyre {

void AddMaskOptions(cxxopts::Options& options);
// UsageError when they do not go together with others, or belong to --masks, which is not there.
void CheckMaskArguments(const cxxopts::ParseResult& args, FitStages stages);
MaskChoice MaskChoiceOf(const cxxopts::ParseResult& args);

}  // namespace gyre
