// SPDX-License-Identifier: Apache-2.0
// Fits in other layouts, read and written.
//   gyre's .npz   dataset [N] str, index [N]: the sample; the fields of fit_fields.h, [N] or
//                 [N,width]; of other bodies than SMPL's also family [1] str and joint_names [J]
//                 str; only samples with a fit, in the order of the file
//   SPIN's .npy   [rows,82]: pose, betas of one data set; zero rows where there is no fit
//   SPIN's .npz   pose [rows,72], shape [rows,10], has_smpl [rows] of one data set
// SPIN's are of SMPL's sizes alone, and keep neither camera nor score: such fits are read with
// SPIN's crop camera, no translation and an infinite score.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fitting/store/fit_file.h"

namespace gyre {

// `dataset`: its fits alone; empty: all. Needs memory for some thousand fits.
void ExportFits(const FitFile& file, const std::filesystem::path& path, const std::string& dataset);
// One data set, held whole in memory. `path` ends in .npy or .npz. UserError for other bodies than
// SPIN's layouts hold.
void ExportSpinFits(const FitFile& file, const std::filesystem::path& path,
                    const std::string& dataset);

// A file in any of the layouts, the store's own included; a run's folder stands for its fits.store,
// or all shards of it.
// SPIN's say nothing of the data set: `dataset` names it. UserError names the file, key and row at
// fault.
FitFile ReadFits(const std::filesystem::path& path, const std::string& dataset = "");

// The best fit of each sample, into a new file: truth before all, then the lower score. UserError
// when the file is there already, when data sets of the same name differ in content, and when the
// fits are of different bodies.
void MergeFits(const std::vector<std::filesystem::path>& paths, const std::filesystem::path& out,
               const std::string& dataset = "");

struct FitDifferences {
  int64_t equal = 0, only_first = 0, only_second = 0, different = 0;
  bool None() const { return only_first + only_second + different == 0; }
};
// UserError when the two are of different bodies.
FitDifferences CompareFits(const FitFile& first, const FitFile& second);

}  // namespace gyre
