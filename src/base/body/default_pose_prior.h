// SPDX-License-Identifier: Apache-2.0
// The file default_pose_prior.npz, which `gyre prior train` wrote, as it stands in the program: an
// installed binary needs no data folder.
#pragma once

#include <string_view>

namespace gyre {

std::string_view DefaultPosePriorFile();

}  // namespace gyre
