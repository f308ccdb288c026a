// SPDX-License-Identifier: Apache-2.0
#include "datasets/dataset.h"

#include "core/error.h"

namespace gyre {

ImageBuffer Dataset::LoadImageAtScale(const Person& person, double /*scale*/) const {
  return LoadImage(person);
}

ImageBuffer Dataset::LoadSilhouette(const Person& person) const {
  ThrowUserError(
      "data set {}, row {}: it has no silhouette; synthetic scenes (synth:) and files "
      "in SPIN's layout with 'maskname' have",
      name(), person.index);
}

ImageBuffer Dataset::LoadParts(const Person& person) const {
  ThrowUserError(
      "data set {}, row {}: it has no part labels; files in SPIN's layout with "
      "'partname' have",
      name(), person.index);
}

}  // namespace gyre
