// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/run_fits.h"

#include <string>

#include "core/error.h"
#include "loop/runs/run_directory.h"

namespace gyre {

FitStore RunFits::Open(const std::vector<FitRows>& rows, const char* file) const {
  const std::vector<std::string> names = FitFileNames(file, data_shards.shards);
  std::vector<FitFile> files;
  for (int shard = data_shards.rank; shard < data_shards.shards; shard += data_shards.ranks) {
    files.push_back(OpenFile(run / names[shard], rows));
  }
  return FitStore(policy, std::move(files));
}

FitFile RunFits::OpenFile(const std::filesystem::path& path,
                          const std::vector<FitRows>& rows) const {
  const std::vector<std::filesystem::path> checkpoints = ListCheckpoints(run);
  if (!resume || (checkpoints.empty() && !std::filesystem::exists(path))) {
    return FitFile::Create(path, rows, *body->layout, origin);
  }
  // Also when that checkpoint turns out to be damaged: then the fits stay, and are better than
  // those of the checkpoint before it.
  const int64_t last_step = checkpoints.empty() ? 0 : CheckpointStep(checkpoints.front());
  FitFile fits = FitFile::OpenToWrite(path, last_step);
  fits.RequireBody(*body, origin.body.extra_path);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (fits.datasets().size() != rows.size() || fits.datasets()[i] != rows[i]) {
      ThrowUserError(
          "data set '{}' is not what it was when this run began (other rows, boxes or keypoints); "
          "bring it back, or start another --run with --init {}",
          rows[i].name, run.string());
    }
  }
  return fits;
}

void RemoveFits(const std::filesystem::path& run, const char* file) {
  for (const std::filesystem::path& path : ListFitFiles(run, file)) std::filesystem::remove(path);
}

}  // namespace gyre
