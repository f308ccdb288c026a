// SPDX-License-Identifier: Apache-2.0
// What a run leaves for people to look at: pictures while it trains, summary.json and report.html.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "loop/runs/run_directory.h"
#include "loop/training/train_options.h"
#include "loop/training/validation.h"

namespace gyre {

// Draws `count` people of the validation set, the same at every step, with the network's body and
// the stored fit: pictures/val_00_000500.jpg.
void DrawValidationPictures(const RunDirectory& run, const Validator& validator,
                            const BodyModel& body, int64_t step, int count);

// Draws the people with the smallest and largest errors: pictures/best_00.jpg, worst_00.jpg.
void DrawExtremes(const RunDirectory& run, const Validator& validator, const BodyModel& body,
                  int count);

// val_people.jsonl: how far the network was from each held-out person (EvaluatedSample::error).
void WritePeople(const RunDirectory& run, const Validator& validator);

// What a run took.
struct RunCost {
  double train_seconds = 0;
  int64_t parameters = 0;  // of the network
  int batch_size = 1;
};

// summary.json from metrics.jsonl: the first and last value of every number that tells how good the
// network and the fits are; and what it took, "train_seconds", "parameters" and "ms_per_sample", of
// a step with its fits (the median over the lines of metrics.jsonl, which others on the same cores
// disturb less than a mean).
nlohmann::json WriteSummary(const RunDirectory& run, const RunCost& cost);

void WriteRunReport(const RunDirectory& run, const TrainOptions& options,
                    const nlohmann::json& summary);

}  // namespace gyre
