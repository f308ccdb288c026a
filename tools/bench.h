// SPDX-License-Identifier: Apache-2.0
// The subcommands of gyre bench.
#pragma once

namespace gyre {

int RunBenchCoverage(int argc, char** argv);
int RunBenchFit(int argc, char** argv);
int RunBenchHeads(int argc, char** argv);
int RunBenchIk(int argc, char** argv);
int RunBenchLoad(int argc, char** argv);
int RunBenchMicro(int argc, char** argv);
int RunBenchQuality(int argc, char** argv);
int RunBenchRaster(int argc, char** argv);
int RunBenchRanks(int argc, char** argv);
int RunBenchShape(int argc, char** argv);
int RunBenchSmpl(int argc, char** argv);
int RunBenchStore(int argc, char** argv);
int RunBenchTrain(int argc, char** argv);
int RunBenchVideo(int argc, char** argv);

}  // namespace gyre
