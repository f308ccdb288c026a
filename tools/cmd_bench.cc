// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "tools/bench.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {

int RunBench(int argc, char** argv) {
  const std::vector<Subcommand> commands = {
      {"coverage", "Whether fits know how unsure they are of hidden joints", RunBenchCoverage},
      {"fit", "Speed and accuracy of the fitter", RunBenchFit},
      {"heads", "Parameters and time of every head of a network", RunBenchHeads},
      {"ik", "Rotations from joints: speed and errors, by method", RunBenchIk},
      {"load", "Reading, cropping and normalising pictures", RunBenchLoad},
      {"micro", "Time of a fit's parts: joints, residuals, normal equations, solve", RunBenchMicro},
      {"quality", "Whether the quality that fits state is right", RunBenchQuality},
      {"raster", "Drawing bodies softly, and the derivatives", RunBenchRaster},
      {"ranks", "What passes between the ranks of a training step", RunBenchRanks},
      {"shape", "What is known of shape from keypoints, masks and a network", RunBenchShape},
      {"smpl", "Posing bodies, and the derivatives", RunBenchSmpl},
      {"store", "Opening, writing, reading and verifying stored fits at scale", RunBenchStore},
      {"train", "A training step with and without fits", RunBenchTrain},
      {"video", "A made-up video of several people, and how near fits of it come", RunBenchVideo},
  };
  return Dispatch("gyre bench", commands, argc, argv);
}

}  // namespace gyre
