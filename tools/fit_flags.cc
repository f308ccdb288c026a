// SPDX-License-Identifier: Apache-2.0
#include "tools/fit_flags.h"

#include "loop/presets/preset.h"
#include "tools/cli.h"

namespace gyre {

void AddFitFlags(cxxopts::Options& cli, const FitOptions& defaults, const FlagNames& names) {
  AddPresetOption(cli, "default");
  AddFlags(cli, "fit", defaults, names);
}

FitOptions PresetFit(const cxxopts::ParseResult& args) {
  return FindPreset(args["preset"].as<std::string>()).Fit();
}

}  // namespace gyre
