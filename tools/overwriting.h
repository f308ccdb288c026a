// SPDX-License-Identifier: Apache-2.0
// What a command may write over: its own results, and nothing else without --force.
#pragma once

#include <cxxopts.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace gyre {

// Files that a command writes, told from others by what they hold.
struct OutputKind {
  std::string what;                    // "skeleton in BVH"
  std::vector<std::string> keys = {};  // of an .npz: all of them
  std::string start = {};              // of other files: their first bytes
  int columns = 0;                     // of an .npy; 0: any
};

// --force.
void AddForceOption(cxxopts::Options& options);

// UserError where `out` is the file that the command reads, or is there and of another kind, as a
// result of gyre fit is, and --force was not given.
void CheckOverwrites(const cxxopts::ParseResult& args, const std::filesystem::path& out,
                     const std::filesystem::path& in, const OutputKind& kind);

}  // namespace gyre
