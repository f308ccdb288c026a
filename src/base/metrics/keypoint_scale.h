// SPDX-License-Identifier: Apache-2.0
// The lengths in the image that 2D keypoint errors are divided by.
//
// PCK@0.2 torso: a joint is correct when it lies within 0.2 torso diameters of the truth. The torso
// diameter on LSP is the distance from the right shoulder to the left hip of the truth (Yang &
// Ramanan 2013; Pishchulin et al. 2013).
// PCKh@0.5: within half a head length. Here the head length is the distance from LSP's neck to its
// top of head; MPII's own number (0.6 of the diagonal of an annotated head box) needs that box.
// LSPET's box error: the error as a share of the side of the person's square box.
#pragma once

#include <optional>

#include "body/joints.h"
#include "core/types.h"

namespace gyre {

// Pixels, from keypoints [N,2] in the order of `set`. Empty when one of the two ends is not
// observed, not finite or not in the set, or when both coincide.
std::optional<double> TorsoDiameterPx(const Points2& keypoints_px, const VecX& visibility,
                                      const KeypointSet& set);
std::optional<double> HeadLengthPx(const Points2& keypoints_px, const VecX& visibility,
                                   const KeypointSet& set);

}  // namespace gyre
