// SPDX-License-Identifier: Apache-2.0
// The options that a run wrote down.
#pragma once

#include <filesystem>

#include "loop/training/train_options.h"

namespace gyre {

// Of an options.json.
TrainOptions ReadRunOptions(const std::filesystem::path& options_file);
// The options of a run or of the one that a checkpoint belongs to.
TrainOptions OptionsOfRun(const std::filesystem::path& run_or_checkpoint);

}  // namespace gyre
