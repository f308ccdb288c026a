// SPDX-License-Identifier: Apache-2.0
// gyre eval of networks that say no body, but joints in space, or what is seen in the picture.
#pragma once

#include <string>

#include "loop/training/train_options.h"
#include "tools/cli.h"

namespace gyre {

// Prints the errors of metrics/clip_errors.h of a run or checkpoint with these options; of one that
// says no joints in space those of loop/training/seen_errors.h.
int EvaluateJoints(const cxxopts::ParseResult& args, const std::string& checkpoint,
                   const TrainOptions& options);

}  // namespace gyre
