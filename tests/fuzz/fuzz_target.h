// SPDX-License-Identifier: Apache-2.0
// Readers of files from outside, as functions of the file's bytes. A program of them either replays
// kept files (replay.cc, any compiler, part of the tests) or searches for new ones (libFuzzer,
// fuzz_driver.cc; tools/fuzz). Whatever the bytes, a reader gives a value or throws a UserError:
// no other exception, no damage to memory, no memory or time out of proportion to the file.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace gyre {

struct FuzzTarget {
  using Read = void (*)(const std::string& bytes);

  // Targets register themselves: define one as a global.
  FuzzTarget(const char* name, Read read, bool is_zip = false);

  const char* name;
  Read read;
  bool is_zip;  // a zip archive: mutated entry by entry, so that its checksums stay right
};

std::vector<FuzzTarget>& FuzzTargets();

// Runs the target. Empty when it reads the bytes, else the UserError by which it refuses them.
std::string RunTarget(const FuzzTarget& target, const std::string& bytes);

// The bytes as a file of that name, until the next call with the same name.
std::filesystem::path AsFile(const std::string& bytes, const std::string& name);
// The folder these files are in.
const std::filesystem::path& FuzzFolder();

// Calls `read`; false when it throws a UserError.
template <typename Function>
bool Accepts(Function&& read) {
  try {
    std::forward<Function>(read)();
    return true;
  } catch (const UserError&) {
    return false;
  }
}

}  // namespace gyre
