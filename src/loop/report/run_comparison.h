// SPDX-License-Identifier: Apache-2.0
// Two training runs side by side: what they were told, what came of it, and for whom.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "loop/report/fit_comparison.h"
#include "loop/report/report.h"

namespace gyre {

struct OptionDifference {
  std::string name, first, second;  // values as in options.json; "not there": of an older gyre
};

struct MetricPair {
  std::string name;              // of metrics.jsonl
  double first = 0, second = 0;  // the last of each run; NaN: it has none
};

// How far the network was from a held-out person at each run's end: see EvaluatedSample::error.
struct PersonChange {
  std::string dataset;
  int64_t row = 0;
  bool in_mm = true;  // else a share of the box's side
  double first = 0, second = 0;
};

// The same person in pictures of both runs.
struct PicturePair {
  ReportPicture first, second;
};

struct RunComparison {
  std::filesystem::path first, second;
  std::vector<OptionDifference> options;
  std::vector<MetricPair> metrics;
  std::vector<PersonChange> people;       // who got better most first
  std::optional<FitComparison> val_fits;  // where both keep fits of held-out people, of one body
  std::vector<PicturePair> pictures;
};

// UserError names what a run lacks: options.json and metrics.jsonl have to be there.
RunComparison CompareRuns(const std::filesystem::path& first, const std::filesystem::path& second);

// `people`: so many of the best and of the worst changes.
nlohmann::ordered_json ToJson(const RunComparison& comparison, int people);
std::string Describe(const RunComparison& comparison, int people);
// As one page, with the pictures.
ReportInput ReportOf(const RunComparison& comparison, int people);

}  // namespace gyre
