// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "loop/training/trainer.h"
#include "regressor/runtime.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/detected_data.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

// On --resume these may differ from the run's own: they don't change what is computed so far.
constexpr const char* kResumable[] = {
    "steps",     "threads",        "fit_threads",          "loader_threads",   "trace_steps",
    "log_every", "val_every",      "checkpoint_every",     "keep_checkpoints", "pictures",
    "device",    "rank_timeout_s", "rank_start_timeout_s", "prefetch_batches"};

const FlagNames& TrainFlags() {
  static const FlagNames names = {.without = {"preset"}};
  return names;
}

bool IsResumable(const std::string& name) {
  for (const char* resumable : kResumable) {
    if (name == resumable) return true;
  }
  return false;
}

TrainOptions GivenOptions(const cxxopts::ParseResult& args, const std::filesystem::path& run,
                          bool resume) {
  TrainOptions options;
  if (resume) {
    const std::filesystem::path file = run / "options.json";
    options =
        TrainOptionsFromJson(nlohmann::json::parse(ReadFile(file), nullptr, false), file.string());
    ForEachField(options, [&](const std::string& name, const auto&, const char*) {
      if (name == "preset" || IsResumable(name) || args.count(FlagOf(name)) == 0) return;
      throw UsageError(fmt::format("--{} cannot change when a run is resumed; start another --run",
                                   FlagOf(name)));
    });
  } else {
    options = TrainOptions::Preset(args["preset"].as<std::string>());
  }
  ApplyFlags(args, &options, TrainFlags());
  return options;
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds));
}

// What --detector says is meant by "detector" among the parts of --init, too.
void UseDetector(const cxxopts::ParseResult& args, TrainOptions* train) {
  if (args.count("detector") == 0 || std::filesystem::exists(train->init)) return;
  const std::string padded = "," + train->init + ",", word = ",detector,";
  const size_t at = padded.find(word);
  if (at == std::string::npos) return;
  const std::string folder = args["detector"].as<std::string>();
  train->init.replace(at, word.size() - 2, folder);
}

// Finds people in the pictures of `images:DIR`, once; a resumed run knows them.
void Detect(const cxxopts::ParseResult& args, const std::filesystem::path& run, TrainOptions* train,
            Ranks* ranks) {
  const std::filesystem::path folder = DetectedFolder(run);
  std::vector<DetectTask> tasks = NameDetected(folder, &train->data);
  for (DetectTask& task : NameDetected(folder, &train->val)) tasks.push_back(std::move(task));
  if (tasks.empty()) return;
  DetectOptions options;
  if (args.count("detector")) options.detector = args["detector"].as<std::string>();
  ranks->Together([&] {
    if (!ranks->first()) return;
    MakeFolder(folder);
    InitRuntime(train->threads);
    for (const DetectTask& task : tasks) DetectPeople(options, task);
  });
}

}  // namespace

int RunTrain(int argc, char** argv) {
  cxxopts::Options options(argv[0], "Trains a network with the fitter in its loop.");
  options.set_width(100);
  options.add_options()("run", "Folder of the run: options, metrics, checkpoints, report",
                        cxxopts::value<std::string>(),
                        "DIR")("resume", "Continue the run from its newest checkpoint")(
      "detector",
      "Folder of the networks that find people in images:DIR, and of --init detector (default: "
      "where "
      "tools/get_detector puts them)",
      cxxopts::value<std::string>(), "DIR");
  const std::string preset = ArgumentOf(argc, argv, "preset", "default");
  AddPresetOption(options, "default");
  AddFlags(options, "Run", TrainOptions::Preset(preset), TrainFlags());
  AddPrintOptions(options);
  AddQuietOption(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  const bool print = args.count("print-options") > 0, resume = args.count("resume") > 0;
  const std::filesystem::path run = print && !resume ? "" : Required(args, "run");
  TrainOptions train = GivenOptions(args, run, resume);
  if (!resume) UseDetector(args, &train);
  if (!print || !train.data.empty()) train.Check();
  if (print) {
    fmt::print("{}\n", ToJson(train.Settled()).dump(2));
    return 0;
  }
  const RankEnvironment environment =
      ReadRankEnvironment([](const char* name) { return std::getenv(name); });
  // Runs of before there were ranks have one shard.
  if (train.data_shards == 0) train.data_shards = resume ? 1 : environment.count;
  train.ShareOut(environment.count, environment.rank);
  if (environment.rank > 0) {
    SetProgressEnabled(false);
    spdlog::set_level(spdlog::level::warn);
    spdlog::set_pattern(fmt::format("rank {}: %^%l%$: %v", environment.rank));
  }
  Ranks ranks(environment, Milliseconds(train.rank_start_timeout_s),
              Milliseconds(train.rank_timeout_s));
  Detect(args, run, &train, &ranks);
  try {
    Trainer trainer(train, run, resume, &ranks);
    if (!trainer.Train()) return kExitStopped;
  } catch (const RankLost& lost) {
    if (!std::filesystem::exists(run / "options.json")) throw;  // nothing was begun
    ThrowUserError("{}; gyre train --resume --run {} goes on from the last checkpoint", lost.what(),
                   run.string());
  }
  if (args.count("quiet") == 0 && ranks.first()) {
    fmt::print(stderr, "gyre: report: {}\n", (run / "report.html").string());
  }
  return 0;
}

}  // namespace gyre
