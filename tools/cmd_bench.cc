// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tools/bench.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {

int RunBench(int argc, char** argv) {
  const std::vector<Subcommand> commands = {
      {"fit", "Speed and accuracy of the fitter", RunBenchFit},
      {"micro", "Time of a fit's parts: joints, residuals, normal equations, solve", RunBenchMicro},
      {"store", "Opening, writing, reading and verifying stored fits at scale", RunBenchStore},
  };
  return Dispatch("gyre bench", commands, argc, argv);
}

}  // namespace gyre
