// SPDX-License-Identifier: Apache-2.0
// Drives a fitted body out of itself (body/self_penetration.h, terms/penetration.h), in rounds: the
// vertices that stand in other limbs are found, all that were found so far are driven out, beside
// all other terms, and so on until no triangles intersect. What comes out in one round stays out in
// the next; but out of one limb may be into a third, so that of all rounds the one with the fewest
// intersecting pairs counts.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "body/mesh_poser.h"
#include "body/self_penetration.h"
#include "fitting/terms/penetration.h"

namespace gyre {

// Immutable; `body` must outlive it.
class Disentangler {
 public:
  Disentangler(const BodyModel& body, double weight);

  // Moves `params` by some steps on the objective with this term added.
  using Solve = std::function<void(std::unique_ptr<const PenetrationTerm>, BodyParams* params)>;
  // In the frame of the first camera.
  void Run(const Solve& solve, BodyParams* params) const;

 private:
  const BodyModel& body_;
  double weight_;
  SelfPenetration penetration_;
  CorrectedRows corrected_;
};

}  // namespace gyre
