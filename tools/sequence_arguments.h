// SPDX-License-Identifier: Apache-2.0
// The arguments of gyre fit --sequence, and of --video that are the same.
#pragma once

#include <cxxopts.hpp>

#include "fitting/sequence_options.h"

namespace gyre {

// --sequence, --fps, --ground and --sequence.FIELD.
void AddSequenceOptions(cxxopts::Options& options);
// UsageError names what does not go together with them, or is missing.
void CheckSequenceArguments(const cxxopts::ParseResult& args);
// Whether frames are fitted together.
bool FitsMotion(const cxxopts::ParseResult& args);
SequenceOptions SequenceOptionsOf(const cxxopts::ParseResult& args);

}  // namespace gyre
