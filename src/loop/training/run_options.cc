// SPDX-License-Identifier: Apache-2.0
#include "loop/training/run_options.h"

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "loop/runs/run_directory.h"

namespace gyre {

TrainOptions ReadRunOptions(const std::filesystem::path& options_file) {
  const auto json = nlohmann::json::parse(ReadFile(options_file), nullptr, false);
  TrainOptions options = TrainOptionsFromJson(json, options_file.string());
  options.network.Check();
  return options;
}

TrainOptions OptionsOfRun(const std::filesystem::path& run_or_checkpoint) {
  // RUN/checkpoints/000500
  return ReadRunOptions(
      std::filesystem::absolute(FindCheckpoint(run_or_checkpoint)).parent_path().parent_path() /
      "options.json");
}

}  // namespace gyre
