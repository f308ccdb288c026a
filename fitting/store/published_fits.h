// SPDX-License-Identifier: Apache-2.0
// Fits as others publish them, read whole. They keep neither camera nor score: SPIN's crop camera,
// no translation, an infinite score.
//   SPIN's .npy   [rows,82]: pose, betas; zero rows where there is no fit
//   SPIN's .npz   pose [rows,72], shape [rows,10], has_smpl [rows], as in its data files; or its
//   final
//                 fits' pose, betas, valid_fit
//   EFT's .json   (Joo et al. 2020) an object with the list `data` of {parm_pose [24][3][3]
//   rotation
//                 matrices, parm_shape [10]}: a row for each entry, in their order, which is not
//                 that of the annotations that `annotId` names
// None says whose fits they are: `dataset` does. UserError names the file, key and row at fault;
// other keys are not read.
#pragma once

#include <filesystem>
#include <string>

#include "fitting/store/fit_file.h"

namespace gyre {

FitFile ReadSpinNpy(const std::filesystem::path& path, const std::string& dataset);
FitFile ReadSpinNpz(const std::filesystem::path& path, const std::string& dataset);
FitFile ReadEftFits(const std::filesystem::path& path, const std::string& dataset);

// UsageError when `path` does not say whose fits it holds and `dataset`, empty, does not either.
void RequireDataset(const std::string& dataset, const std::filesystem::path& path);

// Writes a fit of `path`'s row `file_row`, or UserError when it cannot be one.
void PutFit(FitFile* file, const std::string& dataset, int64_t row, const StoredFit& fit,
            const std::filesystem::path& path, int64_t file_row);

}  // namespace gyre
