// SPDX-License-Identifier: Apache-2.0
// Presets: the systems that gyre knows by name. Each is one file in this folder, which says
// everything that makes the system what it is, and one line in preset.cc. gyre train takes all of
// it, gyre fit what concerns the fitter.
#pragma once

#include <span>
#include <string>

#include "loop/training/train_options.h"

namespace gyre {

struct Preset {
  const char* name;
  const char* summary;      // a few words, for --help
  TrainOptions (*train)();  // but for the name
  // What gyre fit takes where that is not train().fit: of systems whose fitter, when it works
  // alone, is known for other settings than in the loop.
  FitOptions (*fit_alone)() = nullptr;

  FitOptions Fit() const { return fit_alone ? fit_alone() : train().fit; }
  // What gyre fit works with where no --body is given: the system's own, where it has one.
  std::string FitBody() const;
};

std::span<const Preset> Presets();
// UserError lists the names.
const Preset& FindPreset(const std::string& name);
// "default, spin, ..."
std::string PresetNames();

}  // namespace gyre
