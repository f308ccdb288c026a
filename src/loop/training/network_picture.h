// SPDX-License-Identifier: Apache-2.0
// Which picture the loader has to bring for a network. Free of Torch.
#pragma once

#include "core/camera.h"
#include "datasets/decorators/loader.h"
#include "regressor/loss_options.h"
#include "regressor/network_options.h"

namespace gyre {

LoaderPicture PictureFor(NetworkInput input);
// What a network sees of a person: the box, as many times as large as it is asked for, in a crop of
// that many pixels, neither turned nor mirrored.
CropMap NetworkCrop(const NetworkOptions& network, const Box& box);
// Makes a loader bring what a network looks at: its crops, their pictures, and the frames around.
void BringInput(const NetworkOptions& network, LoaderOptions* loading);
// And what its losses compare with it, beside keypoints and bodies.
void BringTargets(const LossOptions& loss, LoaderOptions* loading);

}  // namespace gyre
