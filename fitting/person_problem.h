// SPDX-License-Identifier: Apache-2.0
// From what is known of a person to the problem that a Fitter solves: box, camera and keypoints of
// the crop around them.
#pragma once

#include <optional>

#include "core/camera.h"
#include "fitting/fit_problem.h"
#include "person/keypoints.h"
#include "person/person.h"

namespace gyre {

// In the camera of the whole image: the person's own or, where it is not known, SPIN's (5000 px in
// the 224 px crop around them, seen in the image). Without a start. A person without a box cannot
// be fitted: any camera stands in, and the fitter says why.
FitProblem ProblemInImage(const Person& person);
// In the person's reference crop (their box at 224 px), whose camera frame is the image's:
// keypoints and camera of the crop. For persons with a box.
FitProblem ProblemInCrop(const Person& person);

// A person of whom keypoints are known, px of the image and confidences in [0,1], and what the
// fitter needs of them: the square box around those that are observed, 1.2 times their extent
// (without size where fewer than two differ), the camera, the problem in the image.
struct PersonProblem {
  Box box;
  FitProblem problem;  // with the camera
};
PersonProblem ProblemOf(const Keypoints& keypoints, const std::optional<Camera>& camera = {});

}  // namespace gyre
