// SPDX-License-Identifier: Apache-2.0
// Whose the fits of a store are: a store keeps rows of data sets, which know picture, box and name.
#pragma once

#include "datasets/dataset.h"
#include "fitting/store/fit_file.h"
#include "fitting/store/fit_pairs.h"

namespace gyre {

// Fits that say to be of other people than those of the data set in the same rows.
OtherPeople ComparePeople(const Dataset& data, const FitFile& fits);

// Gives every fit of the data set's people their subject. Nothing where the file has no data set of
// that name.
void SetSubjects(const Dataset& data, FitFile* fits);

}  // namespace gyre
