// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_cursor.h"

#include "core/error.h"

namespace gyre {

FitCursor::FitCursor(const FitFile& file, const std::string& dataset)
    : file_(&file), end_(file.size()) {
  if (dataset.empty()) return;
  for (const FitRows& set : file.datasets()) {
    if (set.name != dataset) continue;
    position_ = set.rows > 0 ? file.Position(dataset, 0) : end_;
    end_ = position_ + set.rows;
    return;
  }
  std::string names;
  for (const FitRows& set : file.datasets()) names += (names.empty() ? "" : ", ") + set.name;
  ThrowUserError("{}: has no data set '{}', only: {}", file.path().string(), dataset, names);
}

bool FitCursor::Next(int64_t* position, StoredFit* fit) {
  while ((position_ = file_->NextUsed(position_)) < end_) {
    *position = position_++;
    if (const auto found = file_->Read(*position)) {
      *fit = *found;
      return true;
    }
  }
  return false;
}

}  // namespace gyre
