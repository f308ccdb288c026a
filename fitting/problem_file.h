// SPDX-License-Identifier: Apache-2.0
// Fitting problems with known truth, for benchmarks: an .npz of N problems with
//   keypoints       [N,49,3]  x px, y px, confidence (0: not observed)
//   focal, img_res  scalars   focal length and side of the square picture, pixels
//   centre          [2]       principal point, pixels
//   pose_init_S     [N,72], cam_init_S [N,3]: starts by name S, shape zero or betas_init [N,10]
//   pose_true       [N,72], betas_true [N,10], cam_true [N,3]: optional; translation in metres
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fitting/fit_problem.h"

namespace gyre {

struct ProblemFile {
  std::vector<FitProblem> problems;                       // without a start
  std::map<std::string, std::vector<BodyParams>> starts;  // by name
  std::vector<BodyParams> truth;                          // empty when the file has none

  // The problems with the starts of that name; UserError lists those there are.
  std::vector<FitProblem> StartedFrom(const std::string& start) const;
};

ProblemFile ReadProblemFile(const std::filesystem::path& path);

// One camera for all problems and one shape per problem for all its starts, as the file has it.
void WriteProblemFile(const ProblemFile& file, const std::filesystem::path& path);

}  // namespace gyre
