// SPDX-License-Identifier: Apache-2.0
#include "tools/cli.h"

#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>

#include "core/error.h"
#include "core/progress.h"
#include "loop/presets/preset.h"

namespace gyre {

cxxopts::ParseResult ParseOptions(cxxopts::Options& options, int argc, char** argv) {
  options.add_options()("h,help", "Print this help");
  try {
    cxxopts::ParseResult args = options.parse(argc, argv);
    if (args.count("help")) {
      fmt::print("{}\n", options.help());
      std::exit(EXIT_SUCCESS);
    }
    if (!args.unmatched().empty()) {
      throw UsageError(fmt::format("unexpected argument '{}'; see {} --help",
                                   args.unmatched().front(), options.program()));
    }
    return args;
  } catch (const cxxopts::exceptions::exception& error) {
    throw UsageError(fmt::format("{}; see {} --help", error.what(), options.program()));
  }
}

std::string Required(const cxxopts::ParseResult& args, const std::string& option) {
  const std::string value = args.count(option) ? args[option].as<std::string>() : "";
  if (value.empty()) throw UsageError(fmt::format("--{} is required; see --help", option));
  return value;
}

void AddBodyOptions(cxxopts::Options& options) {
  options.add_options("Body")(
      "body", "Body model: builtin, or a file in SMPL's format (.npz, or .pkl as downloaded)",
      cxxopts::value<std::string>()->default_value("builtin"), "MODEL")(
      "prior", "Pose prior: .npz of gyre prior train or gmm_08.pkl (default: the shipped one)",
      cxxopts::value<std::string>()->default_value(""), "FILE")(
      "joint-regressor-extra", "SPIN's J_regressor_extra.npy (9 rows) for a body without its own",
      cxxopts::value<std::string>()->default_value(""), "FILE");
}

std::shared_ptr<const BodyModel> BodyOf(const cxxopts::ParseResult& args) {
  return LoadBodyModel(args["body"].as<std::string>(),
                       args["joint-regressor-extra"].as<std::string>());
}

std::shared_ptr<const PosePrior> PriorOf(const cxxopts::ParseResult& args) {
  return LoadPosePrior(args["prior"].as<std::string>());
}

void AddPresetOption(cxxopts::Options& options, const std::string& preset) {
  std::string help = "The system that all other options refine:";
  for (const Preset& known : Presets()) {
    help += fmt::format("{} {} ({})", help.ends_with(':') ? "" : ";", known.name, known.summary);
  }
  options.add_options()("preset", help, cxxopts::value<std::string>()->default_value(preset),
                        "NAME");
}

void AddQuietOption(cxxopts::Options& options) {
  options.add_options()("quiet", "Print only warnings and errors");
}

void ApplyQuiet(const cxxopts::ParseResult& args) {
  if (args.count("quiet") == 0) return;
  SetProgressEnabled(false);
  spdlog::set_level(spdlog::level::warn);
}

int Dispatch(const std::string& program, std::span<const Subcommand> commands, int argc,
             char** argv) {
  const std::string name = argc > 1 ? argv[1] : "--help";
  for (const Subcommand& command : commands) {
    if (command.name == name) {
      // The subcommand's help and errors speak of "gyre body info".
      std::string full_name = program + " " + name;
      argv[1] = full_name.data();
      return command.run(argc - 1, argv + 1);
    }
  }
  std::string help = fmt::format("Usage: {} COMMAND [OPTIONS]\n\n", program);
  for (const Subcommand& command : commands) {
    help += fmt::format("  {:<18} {}\n", command.name, command.summary);
  }
  help += fmt::format("\n{} COMMAND --help tells the options of a command.\n", program);
  if (name == "--help" || name == "-h" || name == "help") {
    fmt::print("{}", help);
    return argc > 1 ? EXIT_SUCCESS : 2;
  }
  throw UsageError(
      fmt::format("{}: there is no command '{}'; see {} --help", program, name, program));
}

}  // namespace gyre
