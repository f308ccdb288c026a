// SPDX-License-Identifier: Apache-2.0
// Fits in every layout, brought together: gyre's stores and .npz (fit_npz.h), SPIN's layouts, and
// what others publish (published_fits.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fitting/store/fit_file.h"

namespace gyre {

// One data set, held whole in memory. `path` ends in .npy or .npz. UserError for other bodies than
// SPIN's layouts hold.
void ExportSpinFits(const FitFile& file, const std::filesystem::path& path,
                    const std::string& dataset);

// A file in any of the layouts, the store's own included; a run's folder stands for its fits.store,
// or all shards of it. Published fits say nothing of the data set: `dataset` names it. UserError
// names the file, key and row at fault.
FitFile ReadFits(const std::filesystem::path& path, const std::string& dataset = "");

// What such a file says of how its fits came to be, without reading them; of a run's folder any
// store's. Nothing is known of published fits.
FitOrigin OriginOfFits(const std::filesystem::path& path);

// The fits that belong to data: of a run's folder the training set's or the validation set's.
struct FitsOfData {
  std::vector<FitFile> files;
  // Of each of the data sets, which file has its fits; -1: none.
  std::vector<int> file_of_set;
  std::vector<std::string> warnings;  // a sentence each

  std::optional<StoredFit> Find(size_t set, const std::string& dataset, int64_t row,
                                const FitSubject** subject = nullptr) const;
};
// `sets` are the data asked for. UserError when nothing holds fits of any of them.
FitsOfData ReadFitsOf(const std::filesystem::path& path, const std::vector<FitRows>& sets);

// The best fit of each sample, into a new file: truth before all, then the lower score. UserError
// when the file is there already, when data sets of the same name differ in content, and when the
// fits are of different bodies. Returns what its user should know, a sentence each: where it chose
// between scores that do not compare.
std::vector<std::string> MergeFits(const std::vector<std::filesystem::path>& paths,
                                   const std::filesystem::path& out,
                                   const std::string& dataset = "");

}  // namespace gyre
