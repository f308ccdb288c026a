// SPDX-License-Identifier: Apache-2.0
// The file default_start_network.npz, which `gyre start train` wrote, as it stands in the program:
// an installed binary needs no data folder.
#pragma once

#include <string_view>

namespace gyre {

std::string_view DefaultStartNetworkFile();

}  // namespace gyre
