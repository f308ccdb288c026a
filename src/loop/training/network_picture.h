// SPDX-License-Identifier: Apache-2.0
// Which picture the loader has to bring for a network. Free of Torch.
#pragma once

#include "datasets/decorators/loader.h"
#include "regressor/network_options.h"

namespace gyre {

LoaderPicture PictureFor(NetworkInput input);

}  // namespace gyre
