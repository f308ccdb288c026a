// SPDX-License-Identifier: Apache-2.0
#include "loop/presets/preset.h"

#include "core/error.h"

// Every system: NAME stands for NAMEPreset(), which its file defines.
#define GYRE_PRESETS(SYSTEM) \
  SYSTEM(Default)            \
  SYSTEM(Spin)               \
  SYSTEM(SpinCompat)         \
  SYSTEM(Small)              \
  SYSTEM(Demo)               \
  SYSTEM(Prior18)            \
  SYSTEM(Human2d)            \
  SYSTEM(Pavlakos18)         \
  SYSTEM(Anchored)           \
  SYSTEM(GraphCmr)           \
  SYSTEM(Pose2Pose)          \
  SYSTEM(C2f)                \
  SYSTEM(Ikol)               \
  SYSTEM(Hybrik)             \
  SYSTEM(WholeBody)          \
  SYSTEM(Smplifyx)           \
  SYSTEM(VideoPose3d)        \
  SYSTEM(VideoPose3dCausal)  \
  SYSTEM(VideoPose3dSemi)    \
  SYSTEM(Video)              \
  SYSTEM(Photo)

namespace gyre {

#define GYRE_DECLARE(NAME) Preset NAME##Preset();
GYRE_PRESETS(GYRE_DECLARE)
#undef GYRE_DECLARE

std::string Preset::FitBody() const {
  const TrainOptions options = train();
  return options.HasBody() ? options.body : TrainOptions().body;
}

std::span<const Preset> Presets() {
#define GYRE_CALL(NAME) NAME##Preset(),
  static const Preset presets[] = {GYRE_PRESETS(GYRE_CALL)};
#undef GYRE_CALL
  return presets;
}

const Preset& FindPreset(const std::string& name) {
  for (const Preset& preset : Presets()) {
    if (preset.name == name) return preset;
  }
  ThrowUserError("preset '{}' is not one of {}", name, PresetNames());
}

std::string PresetNames() {
  std::string names;
  for (const Preset& preset : Presets()) {
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
  }
  return names;
}

}  // namespace gyre
