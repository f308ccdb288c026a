// SPDX-License-Identifier: Apache-2.0
// What the subcommands' command lines have in common.
#pragma once

#include <cxxopts.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>

#include "body/body_model.h"
#include "body/pose_prior.h"

namespace gyre {

// The exit code of work that a signal ended early, as shells have it for SIGINT.
inline constexpr int kExitStopped = 130;

// Parses argv. --help prints the options and ends the program with exit code 0; unknown options,
// missing values and stray arguments are UsageErrors that name the option and point to --help. An
// option may be spelt as files of options spell it: --fit.sigma_px is --fit.sigma-px. Those of the
// group kHidden are taken and not listed.
cxxopts::ParseResult ParseOptions(cxxopts::Options& options, int argc, char** argv);

inline constexpr const char* kHidden = "hidden";

// What argv says of an option before it is parsed, so that --help can show what follows from it;
// `otherwise` when it says nothing.
std::string ArgumentOf(int argc, char** argv, const std::string& option,
                       const std::string& otherwise);

// --print-options: every option in effect, as one JSON object with the keys of options.json.
void AddPrintOptions(cxxopts::Options& options);
// Prints them when that was asked for: those of the command line but for kHidden, and over them
// `effective`. Returns whether it was.
bool PrintedOptions(const cxxopts::Options& options, const cxxopts::ParseResult& args,
                    const nlohmann::json& effective);

// A UsageError unless the option was given.
std::string Required(const cxxopts::ParseResult& args, const std::string& option);

// --body, --prior and --joint-regressor-extra, and what they name; where the body's joints are
// stand-ins, that is told.
void AddBodyOptions(cxxopts::Options& options,
                    const std::string& body = std::string(kBuiltinBody));
std::shared_ptr<const BodyModel> BodyOf(const cxxopts::ParseResult& args);
std::shared_ptr<const PosePrior> PriorOf(const cxxopts::ParseResult& args);

// --preset: a system that the other options refine, see loop/presets/preset.h.
void AddPresetOption(cxxopts::Options& options, const std::string& preset);

// --quiet: no progress, only warnings and errors.
void AddQuietOption(cxxopts::Options& options);
void ApplyQuiet(const cxxopts::ParseResult& args);

// Runs the sub-subcommand that argv[1] names: "gyre body info ...".
struct Subcommand {
  std::string name;
  std::string summary;
  std::function<int(int argc, char** argv)> run;
};
int Dispatch(const std::string& program, std::span<const Subcommand> commands, int argc,
             char** argv);

}  // namespace gyre
