// SPDX-License-Identifier: Apache-2.0
// How far a run's network was from each held-out person at its end: val_people.jsonl in the run's
// folder, an object a line:
//   {"dataset": "val", "row": 7, "network_error": 61.5, "unit": "mm"}
// PA-MPJPE in mm where the truth is known, else ("unit": "box") the mean error of LSP's joints as a
// share of the box's side; null where nothing could be measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace gyre {

inline constexpr const char* kPeopleFile = "val_people.jsonl";

struct PersonError {
  std::string dataset;
  int64_t row = 0;
  bool in_mm = true;
  double error = 0;
};

void WritePersonErrors(std::span<const PersonError> people, const std::filesystem::path& file);
// None where there is no such file. Lines that are torn, and people of whom nothing could be
// measured, are passed over.
std::vector<PersonError> ReadPersonErrors(const std::filesystem::path& file);

}  // namespace gyre
