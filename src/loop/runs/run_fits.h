// SPDX-License-Identifier: Apache-2.0
// The stores of fits that a run keeps, see run_directory.h.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "body/body_model.h"
#include "datasets/decorators/data_shards.h"
#include "fitting/store/fit_store.h"

namespace gyre {

// Where the fits of a run's data are.
struct RunFits {
  std::filesystem::path run;
  std::shared_ptr<const BodyModel> body;
  FitOrigin origin;     // of the body
  bool resume = false;  // else a file that is there already is written anew
  StorePolicy policy;
  DataShards data_shards;

  // This rank's files of those called `file` and their rows. A resumed run has the fits of its last
  // checkpoint. UserError when the data set is not what it was when the run began.
  FitStore Open(const std::vector<FitRows>& rows, const char* file) const;

 private:
  FitFile OpenFile(const std::filesystem::path& path, const std::vector<FitRows>& rows) const;
};

// Removes the files called so of a run that ended before its first checkpoint.
void RemoveFits(const std::filesystem::path& run, const char* file);

}  // namespace gyre
