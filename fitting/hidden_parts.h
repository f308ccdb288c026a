// SPDX-License-Identifier: Apache-2.0
// Masks of people behind a chair or a table leave out what that hides, and mostly do not say so.
#pragma once

#include "fitting/body_outline.h"
#include "fitting/silhouette_field.h"

namespace gyre {

// The mask with all of the body that it leaves out in one piece set to unknown, where that piece is
// somewhere more than `deep_px` (pixels of the mask) away from what the mask shows: no body is that
// much too stout, so something stands before it, or its pose is another. `field` is the mask's.
SilhouetteMask WithHiddenPartsUnknown(SilhouetteMask mask, const SilhouetteField& field,
                                      const BodyOutline& body, double deep_px);

}  // namespace gyre
