// SPDX-License-Identifier: Apache-2.0
// The subcommands of gyre bench.
#pragma once

#include <vector>

namespace gyre {

// The value below which `share` of the values lie (nearest rank); NaN of none.
double Quantile(std::vector<double> values, double share);

int RunBenchFit(int argc, char** argv);
int RunBenchMicro(int argc, char** argv);

}  // namespace gyre
