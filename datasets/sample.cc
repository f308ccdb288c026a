// SPDX-License-Identifier: Apache-2.0
#include "datasets/sample.h"

#include "core/error.h"

namespace gyre {

ImageBuffer Dataset::LoadSilhouette(const Sample&) const {
  ThrowUserError("data set {}: has no silhouettes; synthetic scenes (synth:) have", name());
}

}  // namespace gyre
