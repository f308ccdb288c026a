// SPDX-License-Identifier: Apache-2.0
// Several data sets as one to learn from.
#pragma once

#include <memory>
#include <vector>

#include "datasets/dataset.h"

namespace gyre {

// Data sets and the probability that a training sample comes from each.
struct Mixture {
  std::vector<std::shared_ptr<const Dataset>> sets;
  std::vector<double> weights;  // positive, sum to 1

  int64_t size() const;  // persons in all sets
  // The set a draw u in [0, 1) falls into. The last one takes what rounding leaves over.
  int SetOf(double u) const;
  // UserError for no set, an empty set, a weight not positive, or two sets of one name.
  void CheckAndNormalise();
};

// UserError for a set none of whose first pictures is there: its folder is another. A few that are
// missing are left out later, one by one.
void RequirePictures(const Mixture& mixture);

// UserError where people have keypoints of another set than a network of `set` looks at.
void RequireKeypoints(const Mixture& mixture, const KeypointSet& set);

Mixture MixtureOf(std::shared_ptr<const Dataset> set);

}  // namespace gyre
