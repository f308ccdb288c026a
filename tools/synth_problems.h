// SPDX-License-Identifier: Apache-2.0
// Synthetic people as fitting problems with known truth (fitting/problem_file.h), for benchmarks.
#pragma once

#include "datasets/scenes/synthetic.h"
#include "fitting/problem_file.h"

namespace gyre {

// Every person in SPIN's 224 px crop, seen by SPIN's camera (SyntheticDataset::GetInSpinCrop), with
// the truth and three starts of mean shape. They depend on person and seed alone, not on the
// keypoints' noise:
//   net     what a network would say: each of the 24 rotations is the truth's times a rotation
//           vector of `start_sigma_rad` per axis, the pelvis is off by 3 px per axis and 5 % of its
//           depth
//   turned  the same, its back to the front: turned by pi about its own vertical axis
//   mean    the prior's mean pose, upright and facing the camera, where `net` is
ProblemFile MakeSynthProblems(const SyntheticDataset& people, const PosePrior& prior,
                              double start_sigma_rad);

}  // namespace gyre
