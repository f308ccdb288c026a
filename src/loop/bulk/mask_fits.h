// SPDX-License-Identifier: Apache-2.0
// Fits of many people held against their masks: `gyre fit --masks`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>

#include "fitting/silhouette_fitter.h"
#include "loop/bulk/fit_notes.h"
#include "loop/bulk/mask_folder.h"

namespace gyre {

struct MaskChoice {
  std::filesystem::path folder;  // empty: there are none
  SilhouetteOptions options;

  bool Given() const { return !folder.empty(); }
};

class MaskFits {
 public:
  // `fitter` outlives it. UserError when the folder is none.
  MaskFits(const Fitter& fitter, const MaskChoice& choice);

  // The person's fit moved onto their mask. Without one, and where it is of no use, the fit as it
  // was, which `notes` (may be null) are told. Thread-safe; of one person whoever else there is.
  FitResult Fit(int64_t index, const FitInput& input, FitResult fit, FitNotes* notes);

  // "17 of 19 fits by their masks too; in common with them 0.71 before and 0.84 after".
  std::string Report() const;

 private:
  MaskFolder folder_;
  SilhouetteFitter fitter_;
  mutable std::mutex mutex_;
  int64_t fits_ = 0, masked_ = 0;
  double before_ = 0, after_ = 0;  // sums of overlaps
};

}  // namespace gyre
