// SPDX-License-Identifier: Apache-2.0
#include "tools/body_choice.h"

#include "core/error.h"
#include "fitting/store/fit_exchange.h"
#include "fitting/store/npz_head.h"
#include "loop/training/run_options.h"

namespace gyre {

namespace fs = std::filesystem;

BodyChoice ChooseBody(const cxxopts::ParseResult& args, const std::string& flag,
                      const BodyIdentity& of_file) {
  const std::string given = args[flag].as<std::string>();
  const std::string extra = args["joint-regressor-extra"].as<std::string>();
  BodyChoice choice{args.count(flag) || of_file.path.empty() ? given : of_file.path, extra};
  const bool is_files = choice.path == of_file.path;
  if (is_files && args.count("joint-regressor-extra") == 0) choice.extra_path = of_file.extra_path;
  return choice;
}

std::shared_ptr<const BodyModel> LoadChosenBody(const BodyChoice& choice,
                                                const BodyIdentity& of_file,
                                                const std::string& what,
                                                const std::string& option) {
  RequireOneBody(of_file, what);
  for (const std::string& path : {choice.path, choice.extra_path}) {
    std::error_code ignored;
    const bool is_files = !path.empty() && (path == of_file.path || path == of_file.extra_path);
    if (!is_files || IsBuiltinBody(path) || fs::exists(path, ignored)) continue;
    ThrowUserError("{}: is of the body {}, and {} is not there; say with {} where it is", what,
                   of_file.Describe(), path,
                   path == of_file.path ? option + " FILE" : "--joint-regressor-extra FILE");
  }
  auto body = LoadBodyModel(choice.path, choice.extra_path);
  RequireBody(of_file, *body, choice.extra_path, what, option);
  return body;
}

BodyIdentity BodyOfNpz(const fs::path& path) {
  return path.extension() == ".npz" ? ReadHead(path).origin.body : BodyIdentity();
}

BodyIdentity BodyOfRun(const fs::path& run_or_checkpoint) {
  const TrainOptions options = OptionsOfRun(run_or_checkpoint);
  return {options.HasBody() ? options.body : "", options.joint_regressor_extra, ""};
}

BodyIdentity BodyOfFits(const fs::path& path) {
  const BodyIdentity said = OriginOfFits(path).body;
  if (said.Known()) return said;
  const fs::path folder = fs::is_directory(path) ? path : fs::absolute(path).parent_path();
  const fs::path options_file = folder / "options.json";
  std::error_code ignored;
  if (!fs::exists(options_file, ignored)) return {};
  const TrainOptions options = ReadRunOptions(options_file);
  return {options.body, options.joint_regressor_extra, ""};
}

}  // namespace gyre
