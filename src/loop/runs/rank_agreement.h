// SPDX-License-Identifier: Apache-2.0
// That ranks were started alike: those that differ would train different networks, or wait for what
// never comes.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "loop/runs/ranks.h"
#include "loop/training/train_options.h"

namespace gyre {

// What every rank has to be started with: all but what concerns its own process alone.
nlohmann::json SharedOptions(const TrainOptions& options, const std::filesystem::path& run,
                             bool resume);

// UserError on the first rank, which ends the others, names the first difference of any rank.
void RequireAlike(const nlohmann::json& mine, Ranks* ranks);

}  // namespace gyre
