// SPDX-License-Identifier: Apache-2.0
#include "tools/cli.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "core/error.h"
#include "core/progress.h"
#include "loop/presets/preset.h"
#include "loop/runs/body_notes.h"

namespace gyre {

namespace {

std::string Dashed(std::string name) {
  std::ranges::replace(name, '_', '-');
  return name;
}

// The arguments with every option spelt as the command knows it, whichever of '-' and '_' was
// typed.
std::vector<std::string> AsSpelt(const cxxopts::Options& options, int argc, char** argv) {
  std::map<std::string, std::string> known;  // by the name with dashes
  for (const std::string& group : options.groups()) {
    for (const auto& option : options.group_help(group).options) {
      for (const std::string& name : option.l) known.emplace(Dashed(name), name);
    }
  }
  std::vector<std::string> spelt;
  for (int i = 0; i < argc; ++i) {
    std::string text = argv[i];
    const size_t end = std::min(text.find('='), text.size());
    if (i > 0 && text.starts_with("--") && end > 2) {
      const auto found = known.find(Dashed(text.substr(2, end - 2)));
      if (found != known.end()) text = "--" + found->second + text.substr(end);
    }
    spelt.push_back(std::move(text));
  }
  return spelt;
}

std::vector<std::string> ShownGroups(const cxxopts::Options& options) {
  std::vector<std::string> groups = options.groups();
  std::erase(groups, kHidden);
  return groups;
}

// A number or truth value as one, anything else as text.
nlohmann::json ValueOf(const std::string& text) {
  nlohmann::json value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_number() || value.is_boolean() ? value : nlohmann::json(text);
}

}  // namespace

std::string ArgumentOf(int argc, char** argv, const std::string& option,
                       const std::string& otherwise) {
  std::string found = otherwise;
  const std::string flag = "--" + option;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    if (text == flag && i + 1 < argc) found = argv[i + 1];
    if (text.starts_with(flag + "=")) found = text.substr(flag.size() + 1);
  }
  return found;
}

void AddPrintOptions(cxxopts::Options& options) {
  options.add_options()("print-options",
                        "Print every option in effect as one JSON object, and do nothing else");
}

bool PrintedOptions(const cxxopts::Options& options, const cxxopts::ParseResult& args,
                    const nlohmann::json& effective) {
  if (args.count("print-options") == 0) return false;
  std::set<std::string> left_out = {"help", "print-options", "quiet", "json"};
  for (const std::string& group : options.groups()) {
    if (group != kHidden) continue;
    for (const auto& option : options.group_help(group).options) {
      left_out.insert(option.l.begin(), option.l.end());
    }
  }
  nlohmann::json all = nlohmann::json::object();
  const auto add = [&](const cxxopts::KeyValue& given) {
    std::string key = given.key();
    if (left_out.contains(key)) return;
    std::ranges::replace(key, '-', '_');
    all[key] = ValueOf(given.value());
  };
  for (const cxxopts::KeyValue& given : args.defaults()) add(given);
  for (const cxxopts::KeyValue& given : args.arguments()) add(given);
  all.update(effective);
  fmt::print("{}\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  return true;
}

cxxopts::ParseResult ParseOptions(cxxopts::Options& options, int argc, char** argv) {
  options.add_options()("h,help", "Print this help");
  try {
    const std::vector<std::string> spelt = AsSpelt(options, argc, argv);
    std::vector<const char*> arguments;
    for (const std::string& text : spelt) arguments.push_back(text.c_str());
    cxxopts::ParseResult args = options.parse(static_cast<int>(arguments.size()), arguments.data());
    if (args.count("help")) {
      fmt::print("{}\n", options.help(ShownGroups(options)));
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

void AddBodyOptions(cxxopts::Options& options, const std::string& body) {
  options.add_options("Body")(
      "body",
      "Body model: builtin, builtin-x (with hands and face), or a file in SMPL's format (.npz, or "
      ".pkl as downloaded); where a run or fits are read, by default theirs",
      cxxopts::value<std::string>()->default_value(body), "MODEL")(
      "prior", "Pose prior: .npz of gyre prior train or gmm_08.pkl (default: the shipped one)",
      cxxopts::value<std::string>()->default_value(""), "FILE")(
      "joint-regressor-extra", "SPIN's J_regressor_extra.npy (9 rows) for a body without its own",
      cxxopts::value<std::string>()->default_value(""), "FILE");
}

std::shared_ptr<const BodyModel> BodyOf(const cxxopts::ParseResult& args) {
  auto body = LoadBodyModel(args["body"].as<std::string>(),
                            args["joint-regressor-extra"].as<std::string>());
  TellStandIns(*body);
  return body;
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
  options.add_options()("quiet", "Print only results, warnings and errors");
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
  throw UsageError(fmt::format("there is no command '{}'; see {} --help", name, program));
}

}  // namespace gyre
