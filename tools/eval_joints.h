// SPDX-License-Identifier: Apache-2.0
// gyre eval of networks that say joints in space and no body.
#pragma once

#include <string>

#include "loop/training/train_options.h"
#include "tools/cli.h"

namespace gyre {

// Prints the errors of metrics/clip_errors.h of a run or checkpoint with these options.
int EvaluateJoints(const cxxopts::ParseResult& args, const std::string& checkpoint,
                   const TrainOptions& options);

}  // namespace gyre
