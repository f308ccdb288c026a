// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tools/bench.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {

int RunBench(int argc, char** argv) {
  const std::vector<Subcommand> commands = {
      {"fit", "Speed and accuracy of the fitter", RunBenchFit},
      {"load", "Reading, cropping and normalising pictures", RunBenchLoad},
      {"micro", "Time of a fit's parts: joints, residuals, normal equations, solve", RunBenchMicro},
      {"ranks", "What passes between the ranks of a training step", RunBenchRanks},
      {"smpl", "Posing bodies, and the derivatives", RunBenchSmpl},
      {"store", "Opening, writing, reading and verifying stored fits at scale", RunBenchStore},
      {"train", "A training step with and without fits", RunBenchTrain},
  };
  return Dispatch("gyre bench", commands, argc, argv);
}

}  // namespace gyre
