// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/backend_problem.h"

namespace gyre {

BackendProblem::Person BackendProblem::MakePerson(uint64_t seed) const {
  Rng rng(seed, RngStream::kTest);
  Person person;
  person.truth = BodyParams(*body->layout);
  LayoutPrior::Pose pose = prior->Mean();
  for (double& value : pose) value += rng.Normal(0, 0.15);
  prior->SetPose(pose, &person.truth);
  person.truth.rotation(0) = Vec3(3.0, 0.2, -0.1);
  for (double& value : person.truth.betas()) value = rng.Normal(0, 0.3);
  person.truth.transl() = Vec3(0.2, -0.1, 8);
  person.views = {{{1000, {320, 240}}, 0.7},
                  {{1200, {300, 200}}, 0.5, ExpSO3({0.1, 1.2, -0.2}), {-7, 0.3, 5}}};
  const Points3 positions = joints->Positions(person.truth);
  for (int i = 0; i < positions.rows(); ++i) {
    for (int view = 0; view < 2; ++view) {
      if (rng.Bernoulli(0.3)) continue;
      const View& v = person.views[view];
      const Vec3 seen = v.rotation * positions.row(i).transpose() + v.translation;
      person.observations.push_back(
          {i, v.camera.Project(seen) + Vec2(rng.Normal(0, 3), rng.Normal(0, 3)),
           rng.Uniform(0.2, 1), view});
    }
  }
  person.points = {{5, positions.row(5).transpose(), 30}};
  person.start = Disturbed(person.truth, 0.2, seed);
  return person;
}

Objective::Terms BackendProblem::PlaceTerms(const Person& person) const {
  Objective::Terms terms;
  terms.push_back(std::make_unique<ReprojectionTerm>(person.observations, person.views));
  terms.push_back(std::make_unique<SpringTerm>(DepthAnchor(10, *body->layout)));
  terms.push_back(std::make_unique<SpringTerm>(StartAnchor(3, 1)));
  return terms;
}

Objective::Terms BackendProblem::AllTerms(const Person& person, bool per_coordinate) const {
  Objective::Terms terms;
  terms.push_back(
      std::make_unique<ReprojectionTerm>(person.observations, person.views, per_coordinate));
  terms.push_back(std::make_unique<Points3dTerm>(person.points));
  terms.push_back(std::make_unique<PosePriorTerm>(prior, 4.78));
  terms.push_back(
      std::make_unique<AnglePriorTerm>(HingeAngles(*body->layout), AnglePrior::kExponential, 15.2));
  terms.push_back(std::make_unique<SpringTerm>(ShapePrior(5, *body->layout)));
  terms.push_back(std::make_unique<SpringTerm>(DepthAnchor(10, *body->layout)));
  terms.push_back(std::make_unique<SpringTerm>(StartAnchor(3, body->num_joints())));
  return terms;
}

Objective BackendProblem::MakeBody(const Person& person, bool translation_free,
                                   bool per_coordinate) const {
  const int n = body->layout->num_params();
  std::vector<int> free(translation_free ? n : n - 3);
  std::iota(free.begin(), free.end(), 0);
  Objective objective(joints, AllTerms(person, per_coordinate), std::move(free), person.start);
  objective.set_sigma_px(100);
  return objective;
}

Objective BackendProblem::MakeTorso(const Person& person) const {
  const int n = body->layout->num_params();
  Objective objective(joints, PlaceTerms(person), {0, 1, 2, n - 3, n - 2, n - 1}, person.start);
  objective.set_sigma_px(100);
  return objective;
}

}  // namespace gyre
