// SPDX-License-Identifier: Apache-2.0
// What gyre fit and gyre predict have in common: the people and pictures they are given, and where
// the rows and overlays go.
#pragma once

#include <cxxopts.hpp>
#include <filesystem>

#include "loop/bulk/bulk_fit.h"
#include "loop/bulk/person_source.h"

namespace gyre {

void AddPersonOptions(cxxopts::Options& options);
// UsageError when options do not go together, or name no input. `other_inputs`: how many inputs of
// the command's own were given.
void CheckPersonArguments(const cxxopts::ParseResult& args, int other_inputs = 0);

// What the options say of a job; who the persons are is read from files, see below.
FitJob PersonJobOf(const cxxopts::ParseResult& args);

// The keypoints of everybody in the pictures, in a file beside the result, where only --images was
// given: empty where anything else was.
std::filesystem::path DetectedKeypoints(const cxxopts::ParseResult& args,
                                        const std::filesystem::path& out);

// What boxes alone say is of use to a network, not to a fitter.
enum class BoxesAlone { kLeaveOut, kTake };

// The persons of these options; empty where they name none. `detected`: of DetectedKeypoints.
// `stages`: with hands and face where the fitter wants them. `left_out`: see DataSource.
PersonSource PersonsOf(const cxxopts::ParseResult& args, const std::filesystem::path& detected,
                       const SceneSources& sources, BoxesAlone boxes, FitStages stages,
                       const std::shared_ptr<LeftOutCounts>& left_out);

// Results written over what they were made from would be the end of it: UsageError.
void CheckOutIsNoInput(const cxxopts::ParseResult& args, const std::filesystem::path& out);

// UserError when nobody can be fitted or predicted, and warnings about who cannot.
// `network`: whether a network looks at the pictures.
void CheckSurvey(const Survey& survey, const cxxopts::ParseResult& args, bool network);

}  // namespace gyre
