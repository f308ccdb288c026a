// SPDX-License-Identifier: Apache-2.0
#include "person/person.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace gyre {

namespace {

constexpr double kFarthestPx = 1e6, kFarthestM = 1e4, kLargestParameter = 100;
constexpr double kStray = 50;  // median distances
constexpr int kStrayOf = 5;    // keypoints for each that may be one

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

double Median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
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

void LeaveOutStray(Person* person) {
  Keypoints& keypoints = person->keypoints;
  std::vector<Eigen::Index> observed;
  std::vector<double> x, y;
  for (Eigen::Index i = 0; i < keypoints.confidence.size(); ++i) {
    if (!(keypoints.confidence[i] > 0) || !Within(keypoints.px.row(i), kFarthestPx)) continue;
    observed.push_back(i);
    x.push_back(keypoints.px(i, 0));
    y.push_back(keypoints.px(i, 1));
  }
  if (std::ssize(observed) < kStrayOf) return;
  const Vec2 middle(Median(x), Median(y));
  std::vector<double> distances;
  for (const Eigen::Index i : observed) {
    distances.push_back((keypoints.px.row(i).transpose() - middle).norm());
  }
  const double farthest = kStray * Median(distances);
  const auto strays = std::ranges::count_if(distances, [&](double d) { return d > farthest; });
  if (strays == 0 || strays * kStrayOf > std::ssize(observed)) return;
  for (size_t k = 0; k < observed.size(); ++k) {
    if (!(distances[k] > farthest)) continue;
    keypoints.px.row(observed[k]).setZero();
    keypoints.confidence[observed[k]] = 0;
    ++person->non_finite;
  }
}

}  // namespace gyre
