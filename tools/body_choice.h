// SPDX-License-Identifier: Apache-2.0
// The body of a command that reads bodies from a file: that file's own, unless another is given,
// which then has to be the same.
#pragma once

#include <cxxopts.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "body/body_identity.h"

namespace gyre {

struct BodyChoice {
  std::string path, extra_path;  // see BodyIdentity
};

// `flag`: "body", or what else names it. `of_file` may know nothing: then the flag's default.
BodyChoice ChooseBody(const cxxopts::ParseResult& args, const std::string& flag,
                      const BodyIdentity& of_file);

// Loads it. UserError, naming `what` (the file) and both bodies, when it is not that of the file.
// `option`: how the command takes its body.
std::shared_ptr<const BodyModel> LoadChosenBody(const BodyChoice& choice,
                                                const BodyIdentity& of_file,
                                                const std::string& what,
                                                const std::string& option = "--body");

// Of an .npz of bodies (poses for gyre body pose, starts for gyre fit), as far as it says it.
BodyIdentity BodyOfNpz(const std::filesystem::path& path);

// Of a run of gyre train, or of one of its checkpoints; knows nothing where it has none.
BodyIdentity BodyOfRun(const std::filesystem::path& run_or_checkpoint);

// Of stored fits (a run, a store or an export): what they say, else what their run's options do.
BodyIdentity BodyOfFits(const std::filesystem::path& path);

}  // namespace gyre
