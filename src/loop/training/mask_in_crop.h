// SPDX-License-Identifier: Apache-2.0
// A person's mask as the fitter looks at it beside the problem of their reference crop.
#pragma once

#include <optional>

#include "datasets/dataset.h"
#include "fitting/silhouette_field.h"

namespace gyre {

// What the data set's mask says of the pixels of the reference crop (the box at 224 px), half of a
// pixel and more being the person; unknown beyond the picture. Empty where the data set has none.
// UserError where it cannot be used. `person`: with a box.
std::optional<SilhouetteMask> MaskInCrop(const Dataset& set, const Person& person);

}  // namespace gyre
