// SPDX-License-Identifier: Apache-2.0
// Pictures through BlazePose (layers/blaze_pose.h), which was taught to find landmarks on very many
// photographs. In the region where the body is (layers/body_finder.h), upright, it finds landmarks,
// and learns on. Features are a PosePrior's (keypoint_encoder.h) of those landmarks that are seen,
// in the box around them, and, from nothing at first, of what the network saw besides.
#pragma once

#include <memory>
#include <vector>

#include "regressor/encoders/encoder.h"
#include "regressor/names.h"

namespace gyre {

// For backbones blazepose and blazepose_lite, of crops of 256 px. --init takes "detector", or the
// folder of the released files, and a run of preset prior18 with --network.keypoints halpe26.
std::shared_ptr<Encoder> MakeBlazePoseEncoder(const NetworkOptions& options,
                                              const KeypointSet& set);
// The PosePrior in it, among what files call the tensors of a network with head hmr.
std::vector<std::vector<NameRule>> BlazePoseParts();

}  // namespace gyre
