// SPDX-License-Identifier: Apache-2.0
// Fingerprints of what the rows of `gyre fit` depend on: a run goes on only where all are the same.
#pragma once

#include <filesystem>
#include <string>

#include "body/body_identity.h"
#include "body/pose_prior.h"
#include "core/fingerprint.h"
#include "loop/bulk/person_source.h"

namespace gyre {

// Folds a person into the input's fingerprint: all that its row depends on, but for the path of the
// file and the content of the picture.
void AddTo(Fingerprint* fingerprint, const FitInput& input);

std::string FingerprintOf(const PosePrior& prior);
std::string FingerprintOfFile(const std::filesystem::path& path);
// Of the names and the content of all .png files below a folder. What cannot be read counts by its
// name: whoever needs it says so.
std::string FingerprintOfMasks(const std::filesystem::path& folder);

}  // namespace gyre
