// SPDX-License-Identifier: Apache-2.0
#include "person/person.h"

#include <algorithm>
#include <cmath>

namespace gyre {

namespace {

constexpr double kFarthestPx = 1e6, kFarthestM = 1e4, kLargestParameter = 100;

// Also false for NaN.
template <typename Numbers>
bool Within(const Numbers& numbers, double bound) {
  return (numbers.array().abs() <= bound).all();
}

// Confidences clipped to 1; 0 where they or their points cannot be. Returns how many those are.
template <typename Points>
int LeaveOutPoints(double farthest, Points* points, VecX* confidence) {
  int impossible = 0;
  for (Eigen::Index i = 0; i < confidence->size(); ++i) {
    double& c = (*confidence)[i];
    if (c == 0) continue;
    if (c > 0 && std::isfinite(c) && Within(points->row(i), farthest)) {
      c = std::min(c, 1.0);
      continue;
    }
    points->row(i).setZero();
    c = 0;
    ++impossible;
  }
  return impossible;
}

}  // namespace

bool HasBox(const Person& person) {
  return person.box.side_px > 0 && std::isfinite(person.box.side_px) &&
         person.box.center_px.allFinite();
}

void LeaveOutImpossible(Person* person) {
  Person& p = *person;
  p.non_finite += LeaveOutPoints(kFarthestPx, &p.keypoints.px, &p.keypoints.confidence);
  if (p.joints3d) {
    p.non_finite += LeaveOutPoints(kFarthestM, &p.joints3d->m, &p.joints3d->confidence);
  }
  const double side = p.box.side_px;
  if (side != 0 && !(side >= 1 && side <= kFarthestPx && Within(p.box.center_px, kFarthestPx))) {
    p.box = {};
    ++p.non_finite;
  }
  if (p.camera && !(p.camera->focal_px >= 1 && p.camera->focal_px <= kFarthestPx &&
                    Within(p.camera->center_px, kFarthestPx))) {
    p.camera.reset();
    ++p.non_finite;
  }
  if (!p.params) return;
  if (p.params_have_translation && !Within(p.params->transl(), kFarthestM)) {
    p.params->transl().setZero();
    p.params_have_translation = false;
    ++p.non_finite;
  }
  if (!Within(p.params->pose(), kLargestParameter) ||
      !Within(p.params->shape(), kLargestParameter)) {
    p.params.reset();
    p.params_have_translation = false;
    ++p.non_finite;
  }
}

}  // namespace gyre
