// SPDX-License-Identifier: Apache-2.0
// A walk over the fits of a file.
#pragma once

#include <cstdint>
#include <string>

#include "fitting/store/fit_file.h"

namespace gyre {

// Over those of one data set, or of all (empty). The file has to outlive it.
class FitCursor {
 public:
  // UserError when the file has no such data set.
  explicit FitCursor(const FitFile& file, const std::string& dataset = "");
  bool Next(int64_t* position, StoredFit* fit);

 private:
  const FitFile* file_;
  int64_t position_ = 0, end_;
};

}  // namespace gyre
