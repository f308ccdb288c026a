// SPDX-License-Identifier: Apache-2.0
// Experiments as files: arms that differ in a few options and have everything else in common, each
// run with several seeds. The file is one JSON object:
//   {
//     "title":   "...",
//     "prepare": [["data", "synth", "--out", "{dir}/people"], ...],   command lines of gyre, once
//     "options": {"preset": "demo", "data": "spin:{dir}/people/people.npz", ...},
//     "sizes":   {"small": {"steps": 100}, "full": {...}},            over "options"
//     "seeds":   [1, 2, 3],
//     "arms":    {"truth": {"supervision": "truth"},                  over both
//                 "other": {"like": "truth", ...}, ...},              over another arm's
//     "against": "truth"                                              may be left out
//   }
// Options have the names of a run's options.json; "preset" says where the rest comes from, and
// "fits_of" a preset that has its fitter and store from elsewhere. {dir} in a text is the
// experiment's folder, {NAME} what --define NAME=VALUE says. A size may also replace the arguments
// of "prepare" by its own, and have "arms" whose options come over those of the arms of that name
// (what makes an arm of another kind of network as small as the others), or null, which leaves that
// arm out. The other arms are compared with "against" seed by seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "loop/training/train_options.h"

namespace gyre {

struct ExperimentRun {
  std::string arm;
  uint64_t seed = 0;
  std::filesystem::path folder;  // DIR/ARM/SEED
  TrainOptions options;
};

struct Experiment {
  std::string title;
  std::string against;  // an arm; empty where none is compared with the others
  std::vector<std::vector<std::string>> prepare;
  std::vector<ExperimentRun> runs;  // seed by seed, so that early results compare the arms
};

// UserError names the file and the key at fault.
Experiment ReadExperiment(const std::filesystem::path& file, const std::string& size,
                          const std::filesystem::path& folder,
                          std::map<std::string, std::string> defined = {});

// What the runs that came to their end have shown:
// {"arms": {NAME: {"seeds": n, "network_pa_mpjpe_mm": {"mean", "spread"}, ...}},
//  "against": {REFERENCE: {NAME: the same, of the differences to it with the same seed}}}.
// The spread is the sample standard deviation; null for one seed.
nlohmann::json SummariseExperiment(const Experiment& experiment);

// Writes summary.json, curves.jsonl (means over the seeds, keys "ARM/KEY") and report.html.
void WriteExperimentReport(const Experiment& experiment, const nlohmann::json& summary,
                           const std::filesystem::path& folder);

}  // namespace gyre
