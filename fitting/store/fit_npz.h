// SPDX-License-Identifier: Apache-2.0
// Fits as an .npz for NumPy: what `gyre fits export` writes, and what reads that, the results of
// `gyre fit` and those of `gyre predict`. Rows and keys: docs/outputs.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fitting/store/fit_file.h"

namespace gyre {

// What the documentation says of the columns of an export.
std::vector<FieldDoc> ExportFields();

// The fits in the order of the file; whose they are where FitFile::SubjectAt knows it. `dataset`:
// its fits alone; empty: all. Needs memory for some thousand fits.
void ExportFits(const FitFile& file, const std::filesystem::path& path, const std::string& dataset);

// Whether an .npz with these keys is an export or a result of `gyre fit`.
bool IsFitNpz(const std::vector<std::string>& keys);
// Whose the rows of such a file are, in its order, usable or not; empty where it does not say.
std::vector<FitSubject> ReadSubjects(const std::filesystem::path& path);
// Held whole. Rows that are not usable are left out. `dataset` names the data set of rows of an
// older `gyre fit`, which do not: their place in the input is then their row. UserError names key
// and row at fault.
FitFile ReadFitNpz(const std::filesystem::path& path, const std::string& dataset);

}  // namespace gyre
