// SPDX-License-Identifier: Apache-2.0
// Golden numbers of other programs: the folder that the environment variable GYRE_PEERS names, by
// default the one beside the sources.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace gyre {

inline std::filesystem::path PeersFolder() {
  const char* folder = std::getenv("GYRE_PEERS");
  return folder != nullptr ? folder : "../shared/data/peers";
}

}  // namespace gyre
