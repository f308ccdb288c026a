// SPDX-License-Identifier: Apache-2.0
#include "fitting/person_problem.h"

#include "person/crops.h"

namespace gyre {
namespace {

FitProblem WithoutStart(const Keypoints& keypoints, const Camera& camera) {
  FitProblem problem;
  problem.keypoints_px = keypoints.px;
  problem.confidence = keypoints.confidence;
  problem.camera = camera;
  problem.has_start = problem.start_has_translation = false;
  return problem;
}

}  // namespace

FitProblem ProblemInImage(const Person& person) {
  const bool boxed = person.box.side_px > 0;
  FitProblem problem = WithoutStart(
      person.keypoints, boxed ? ImageCamera(person) : person.camera.value_or(SpinCropCamera()));
  if (boxed) problem.pixel_scale = kReferenceCropPx / person.box.side_px;
  return problem;
}

FitProblem ProblemInCrop(const Person& person) {
  const CropMap map(person.box, kReferenceCropPx);
  FitProblem problem = WithoutStart(person.keypoints, ReferenceCamera(person));
  for (Eigen::Index i = 0; i < problem.keypoints_px.rows(); ++i) {
    problem.keypoints_px.row(i) =
        map.CropFromImage(person.keypoints.px.row(i).transpose()).transpose();
  }
  return problem;
}

PersonProblem ProblemOf(const Keypoints& keypoints, const std::optional<Camera>& camera) {
  Person person;
  person.keypoints = keypoints;
  person.camera = camera;
  const auto box = BoxAroundPoints(keypoints.px, keypoints.confidence, kBoxMargin);
  if (box) person.box = *box;
  return {person.box, ProblemInImage(person)};
}

}  // namespace gyre
