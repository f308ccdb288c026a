// SPDX-License-Identifier: Apache-2.0
// The head of a file of fits (fit_file.h): which samples it has room for, and of what bodies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fitting/store/fit_layout.h"
#include "fitting/store/fit_origin.h"

namespace gyre {

// Samples of one data set: rows [0, rows).
struct FitRows {
  std::string name;
  int64_t rows = 0;
  // Tells whether this is still the data that the fits belong to; empty: unknown.
  std::string fingerprint;

  friend bool operator==(const FitRows&, const FitRows&) = default;
};

struct FitFileHeader {
  std::vector<FitRows> datasets;
  FitLayout layout;
  FitOrigin origin;
  int64_t bytes = 0;  // that it takes in the file

  int64_t TotalRows() const;
};

// UserError, naming `what`, when there are too many samples or data sets.
std::string FormatFitFileHeader(const std::vector<FitRows>& datasets, const FitLayout& layout,
                                const std::string& what, const FitOrigin& origin = {});
// UserError, naming `what`, when the file is no file of fits, of another version or damaged.
FitFileHeader ReadFitFileHeader(int fd, const std::string& what);
bool StartsAsFitFile(int fd);

}  // namespace gyre
