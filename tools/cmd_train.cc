// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "loop/option_fields.h"
#include "loop/option_text.h"
#include "loop/trainer.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {
namespace {

// On --resume these may differ from the run's own: they don't change what is computed so far.
constexpr const char* kResumable[] = {
    "steps",     "threads",          "fit_threads",      "loader_threads", "trace_steps", "log_every",
    "val_every", "checkpoint_every", "keep_checkpoints", "pictures",       "device"};

// Fields are written batch_size in options.json and --batch-size on the command line.
std::string FlagOf(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

bool IsResumable(const std::string& name) {
  for (const char* resumable : kResumable) {
    if (name == resumable) return true;
  }
  return false;
}

TrainOptions OptionsOf(const cxxopts::ParseResult& args, const std::filesystem::path& run,
                       bool resume) {
  TrainOptions options;
  if (resume) {
    const std::filesystem::path file = run / "options.json";
    options =
        TrainOptionsFromJson(nlohmann::json::parse(ReadFile(file), nullptr, false), file.string());
  } else {
    options = TrainOptions::Preset(args["preset"].as<std::string>());
  }
  VisitFields(options, [&](const std::string& name, auto& field, const char*) {
    const std::string flag = FlagOf(name);
    if (args.count(flag) == 0 || name == "preset") return;
    if (resume && !IsResumable(name)) {
      throw UsageError(
          fmt::format("--{} cannot change when a run is resumed; start another --run", flag));
    }
    OptionFromText(args[flag].template as<std::string>(), flag, &field);
  });
  return options;
}

}  // namespace

int RunTrain(int argc, char** argv) {
  cxxopts::Options options(argv[0], "Trains a network with the fitter in its loop.");
  options.set_width(100);
  options.add_options()("run", "Folder of the run: options, metrics, checkpoints, report",
                        cxxopts::value<std::string>(),
                        "DIR")("resume", "Continue the run from its newest checkpoint");
  TrainOptions defaults;
  VisitFields(defaults, [&](const std::string& name, const auto& field, const char* help) {
    const size_t dot = name.find('.');
    options.add_options(dot == std::string::npos ? "Run" : name.substr(0, dot))(
        FlagOf(name), fmt::format("{} [{}]", help, OptionToText(field)),
        name == "preset" ? cxxopts::value<std::string>()->default_value("default")
                         : cxxopts::value<std::string>());
  });
  AddQuietOption(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  const std::filesystem::path run = Required(args, "run");
  const bool resume = args.count("resume") > 0;
  Trainer trainer(OptionsOf(args, run, resume), run, resume);
  if (!trainer.Train()) return kExitStopped;
  if (args.count("quiet") == 0) {
    fmt::print(stderr, "gyre: report: {}\n", (run / "report.html").string());
  }
  return 0;
}

}  // namespace gyre
