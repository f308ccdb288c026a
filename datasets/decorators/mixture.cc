// SPDX-License-Identifier: Apache-2.0
#include "datasets/decorators/mixture.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/error.h"
#include "datasets/picture_lookup.h"

namespace gyre {

int64_t Mixture::size() const {
  int64_t total = 0;
  for (const auto& set : sets) total += set->size();
  return total;
}

int Mixture::SetOf(double u) const {
  for (size_t i = 0; i + 1 < weights.size(); ++i) {
    if (u < weights[i]) return static_cast<int>(i);
    u -= weights[i];
  }
  return static_cast<int>(weights.size()) - 1;
}

void Mixture::CheckAndNormalise() {
  GYRE_CHECK(sets.size() == weights.size());
  if (sets.empty()) ThrowUserError("a mixture needs at least one data set");
  constexpr double kMaxWeight = 1e15;  // their sum stays finite
  std::set<std::string> names;
  double total = 0;
  for (size_t i = 0; i < sets.size(); ++i) {
    if (sets[i]->size() == 0) ThrowUserError("data set '{}' has no samples", sets[i]->name());
    if (!(weights[i] > 0 && weights[i] <= kMaxWeight)) {
      ThrowUserError("data set '{}': its weight {} must be positive and at most {}",
                     sets[i]->name(), weights[i], kMaxWeight);
    }
    if (!names.insert(sets[i]->name()).second) {
      ThrowUserError("two data sets are named '{}': give one of them another ?name=",
                     sets[i]->name());
    }
    total += weights[i];
  }
  for (double& weight : weights) weight /= total;
}

void RequirePictures(const Mixture& mixture) {
  constexpr int64_t kFirst = 100;
  for (const auto& set : mixture.sets) {
    std::string missing;
    for (int64_t i = 0; i < std::min(kFirst, set->size()); ++i) {
      const std::string path = set->Get(i).image_path;
      if (path.empty() || !FindPictureFile(path).empty()) {
        missing.clear();
        break;
      }
      if (missing.empty()) missing = path;
    }
    if (missing.empty()) continue;
    ThrowUserError(
        "data set '{}': none of its first pictures is there, as {}; give their folder as images=DIR",
        set->name(), missing);
  }
}

void RequireKeypoints(const Mixture& mixture, const KeypointSet& set) {
  for (const auto& dataset : mixture.sets) {
    if (dataset->size() == 0) continue;
    const KeypointSet& has = *dataset->Get(0).keypoints.set;
    if (&has == &set) continue;
    ThrowUserError(
        "data set '{}' has keypoints of {}, and the network looks at those of {} "
        "(network.keypoints); add set={} to what follows the data set's '?'",
        dataset->name(), has.name, set.name, set.name);
  }
}

Mixture MixtureOf(std::shared_ptr<const Dataset> set) {
  Mixture mixture{{std::move(set)}, {1.0}};
  mixture.CheckAndNormalise();
  return mixture;
}

}  // namespace gyre
