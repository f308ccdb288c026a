// SPDX-License-Identifier: Apache-2.0
// The subcommands of the gyre program. Each parses its own command line (argv[0] is the
// subcommand's name), checks it, and calls the library. Returns the exit code; throws UserError
// (exit code 1) and UsageError (exit code 2).
#pragma once

namespace gyre {

int RunBench(int argc, char** argv);
int RunBody(int argc, char** argv);
int RunCompare(int argc, char** argv);
int RunData(int argc, char** argv);
int RunDetect(int argc, char** argv);
int RunEval(int argc, char** argv);
int RunExperiment(int argc, char** argv);
int RunExportAnimation(int argc, char** argv);
int RunFit(int argc, char** argv);
int RunFits(int argc, char** argv);
int RunPredict(int argc, char** argv);
int RunPrior(int argc, char** argv);
int RunStart(int argc, char** argv);
int RunTrain(int argc, char** argv);

}  // namespace gyre
