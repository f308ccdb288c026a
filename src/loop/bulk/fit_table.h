// SPDX-License-Identifier: Apache-2.0
// The result of `gyre fit` as .npz: a column per field of a row and the run that made them, written
// and read a block of rows at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fitting/store/npz_head.h"
#include "io/journal.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/fit_run.h"
#include "metrics/meter.h"

namespace gyre {

// What an .npz of rows says of all of them.
struct FitTableHead {
  NpzHead of;  // the bodies
  FitRun run;
};

// Every key of an .npz of rows, as the documentation says it.
std::vector<FieldDoc> TableFields();
// Writes the rows of a journal as .npz, with memory for a block of them. `like`: see DecodeRow.
void WriteFits(const Journal& journal, const FitRow& like, const FitTableHead& head,
               const std::filesystem::path& path);
// The run of an .npz, completed, or UserError.
FitRun ReadRun(const std::filesystem::path& path);
// Puts the results of all shards together: the file that one run would have written. UserError when
// they are of different runs, overlap or leave persons out.
void JoinFits(std::vector<std::filesystem::path> shards, const std::filesystem::path& path);

// Who has a low quality.
struct DoubtfulFit {
  int64_t index = 0;
  std::string image;
  int64_t person = 0, id = 0;
  double quality = 0, reprojection_px = 0;
  bool usable = false;
};

struct FitStatistics {
  int64_t persons = 0, usable = 0;
  std::map<std::string, int64_t> refused;  // by reason
  Meter reprojection_px;                   // of the usable
  Meter reprojection_crop_px;              // in the 224 px reference crop
  Meter quality;                           // of the usable; files of an older gyre have none
  std::vector<DoubtfulFit> worst;          // the five of the lowest quality, lowest first
};
FitStatistics ReadStatistics(const std::filesystem::path& path);

}  // namespace gyre
