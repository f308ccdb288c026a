// SPDX-License-Identifier: Apache-2.0
// What is said of bodies on stderr, a line each, where a result depends on it without anything
// being wrong.
#pragma once

#include <filesystem>
#include <string>

#include "body/body_model.h"
#include "fitting/store/fit_file.h"

namespace gyre {

// That joints which people annotate are stand-ins on it.
void TellStandIns(const BodyModel& body);

// That the network of a run or checkpoint was trained with another body; empty when it was not.
// `extra_path`: BodyIdentity's, of `body`. Nothing for a file of weights, a detector's folder, or
// no path at all.
std::string OtherBodyText(const std::filesystem::path& run_or_checkpoint, const BodyModel& body,
                          const std::string& extra_path = "");
// Warns of it.
void TellOtherBody(const std::filesystem::path& run_or_checkpoint, const BodyModel& body,
                   const std::string& extra_path = "");

// That a file of fits does not say of which body they are; `taken` is the body that they are taken
// to be of. Once in a program for each file.
void TellUnknownBody(const FitFile& fits, const std::string& taken);

}  // namespace gyre
