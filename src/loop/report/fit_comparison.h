// SPDX-License-Identifier: Apache-2.0
// How far two files' fits of the same people are apart.
//   rotations   of every joint but the root, mean over a person's: the angle of R_a^T R_b
//   root        that angle of the root
//   joints      |(x_a - root_a) - (x_b - root_b)|, mean over a person's joints, in camera axes
//   place       |root_a - root_b|: the distance from the camera weighs most
//   robust      robust error per observed joint (StoredFit::robust_px2), second less first
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "fitting/store/fit_pairs.h"
#include "metrics/meter.h"

namespace gyre {

struct PersonDifference {
  std::string dataset;
  int64_t row = 0;
  double rotations_deg = 0, root_deg = 0;
  double joints_mm = 0, place_mm = 0;  // NaN without a body
  double robust_px2 = 0;
};

struct FitComparison {
  FitDifferences counts;
  // Of people whose fits differ, a value each; of equal ones all would be 0.
  Meter rotations_deg, root_deg, joints_mm, place_mm, robust_px2;
  std::vector<PersonDifference> people;  // whose fits differ, those farthest apart first
};

// `body`: that the fits are of; null: what takes one stays NaN, and who is farthest apart is said
// by rotations. UserError when the two files are of different bodies.
FitComparison CompareFitsInSpace(const FitFile& first, const FitFile& second,
                                 const BodyModel* body);

// Counts, median, p90 and max of each measure, and the first `worst` people.
nlohmann::ordered_json ToJson(const FitComparison& comparison, int worst);
// The same for reading.
std::string Describe(const FitComparison& comparison, int worst);

}  // namespace gyre
