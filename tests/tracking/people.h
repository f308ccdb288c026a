// SPDX-License-Identifier: Apache-2.0
// People of a made-up video.
#pragma once

#include "core/rng.h"
#include "person/crops.h"

namespace gyre {

inline constexpr double kHeightPx = 400;

// Somebody who stands at (x, 40), joints spread over the height and a third of it in width, with
// 2 px of noise; the share `missing` of the joints is not found.
inline Person SomebodyAt(double x_px, double height_px, double missing, Rng* rng) {
  Person person;
  person.keypoints = Keypoints(FindKeypointSet("body25"));
  for (int i = 0; i < person.keypoints.size(); ++i) {
    const double aside = (i % 3 - 1) * height_px / 6, down = height_px * i / 24;
    person.keypoints.px.row(i) << x_px + aside + rng->Normal(0, 2), 40 + down + rng->Normal(0, 2);
    person.keypoints.confidence[i] = rng->Bernoulli(missing) ? 0 : 0.8;
  }
  const auto box = BoxAroundPoints(person.keypoints.px, person.keypoints.confidence, kBoxMargin);
  if (box) person.box = *box;
  return person;
}

}  // namespace gyre
