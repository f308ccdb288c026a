// SPDX-License-Identifier: Apache-2.0
// Objectives with every term, for the tests of backends.
#pragma once

#include <memory>
#include <numeric>

#include "body/layout_prior.h"
#include "core/so3.h"
#include "fitting/objective.h"
#include "fitting/terms/angle_prior.h"
#include "fitting/terms/depth_anchor.h"
#include "fitting/terms/points3d.h"
#include "fitting/terms/pose_prior.h"
#include "fitting/terms/reprojection.h"
#include "fitting/terms/shape_prior.h"
#include "fitting/terms/start_anchor.h"
#include "fitting/test_problems.h"

namespace gyre {

// A body with its folded joints and prior, and people on it who are seen by two cameras.
struct BackendProblem {
  explicit BackendProblem(std::shared_ptr<const BodyModel> body_in = MakeStickBody(),
                          const KeypointSet& set = SpinJoints())
      : body(std::move(body_in)),
        prior(std::make_shared<LayoutPrior>(MakeStickPrior(), *body->layout)),
        joints(std::make_shared<FoldedJoints>(*body, set)) {}

  struct Person {
    BodyParams truth, start;
    std::vector<View> views;
    std::vector<Observation> observations;
    std::vector<PointObservation> points;
  };
  Person MakePerson(uint64_t seed) const;
  // The terms that only read joints or the root's place; of the root alone, or with all priors.
  Objective::Terms PlaceTerms(const Person& person) const;
  Objective::Terms AllTerms(const Person& person, bool per_coordinate = false) const;
  // Everything moves, or all but the translation.
  Objective MakeBody(const Person& person, bool translation_free = true,
                     bool per_coordinate = false) const;
  Objective MakeTorso(const Person& person) const;

  std::shared_ptr<const BodyModel> body;
  std::shared_ptr<const LayoutPrior> prior;
  std::shared_ptr<const FoldedJoints> joints;
};

}  // namespace gyre
