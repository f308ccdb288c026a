// SPDX-License-Identifier: Apache-2.0
// gyre bench train: a training step with the fitter in it, and without.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/progress.h"
#include "core/trace.h"
#include "datasets/dataset_spec.h"
#include "datasets/decorators/loader.h"
#include "loop/training/learner.h"
#include "loop/training/network_bridge.h"
#include "loop/training/supervisor.h"
#include "loop/training/train_options.h"
#include "metrics/meter.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/bench_measure.h"
#include "tools/cli.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

// Of the structs inside every field; of the run's own what a step knows: the rest is the trainer's.
FlagNames StepFlags() {
  FlagNames names;
  names.short_names = {{"network.precision", "precision"}};
  ForEachField(TrainOptions(), [&](const std::string& field, const auto&, const char*) {
    static const std::set<std::string> of_step = {
        "batch_size", "device", "seed", "learning_rate", "learning_rate_end", "gradient_clip"};
    if (field.find('.') == std::string::npos && !of_step.contains(field)) {
      names.without.push_back(field);
    }
  });
  return names;
}

// A learner with one batch in memory, and fits of it.
class Bench {
 public:
  Bench(const TrainOptions& options, const std::shared_ptr<const BodyModel>& body,
        const std::shared_ptr<const PosePrior>& prior)
      : learner_(options, {body, prior}, DeviceFromName(options.device)) {
    const Mixture data = OpenMixture(options.data, {body, nullptr});
    LoaderOptions loading = options.Loading();
    loading.workers = 0;
    batch_ = Loader(data, loading).Next();
    const auto fitter = std::make_shared<Fitter>(body, prior, options.fit,
                                                 FindKeypointSet(options.network.keypoints));
    const auto supervise = [&](Supervision supervision) {
      auto made = std::make_unique<Supervisor>(
          fitter,
          FitStore(options.store, FitFile::InMemory({RowsOf(*data.sets[0])}, *body->layout)),
          supervision,
          /*use_labels=*/false, options.fit_threads);
      made->MakeInitialFits(*data.sets[0]);
      return made;
    };
    fitting_ = supervise(Supervision::kLoop);
    stored_ = supervise(Supervision::kStatic);
  }

  int64_t num_parameters() {
    int64_t count = 0;
    for (const at::Tensor& parameter : learner_.network()->parameters()) count += parameter.numel();
    return count;
  }

  // Without fits the stored ones teach. Seconds of the phases are the calling thread's spans.
  void Step(bool with_fits) {
    learner_.Step(batch_, ++step_, with_fits ? *fitting_ : *stored_, ranks_);
  }

 private:
  Ranks ranks_;
  Learner learner_;
  Batch batch_;
  std::unique_ptr<Supervisor> fitting_, stored_;
  int64_t step_ = 0;
};

struct Times {
  Meter ms, cpu_ms;
  std::map<std::string, Meter> phases_ms;
};

// Steps of both kinds by turns: what else the machine does meets them alike.
std::map<std::string, Times> Measure(Bench& bench, int steps, bool with_fits) {
  std::map<std::string, Times> times;
  Progress progress("training", "steps", steps);
  for (int i = -1; i < steps; ++i) {
    for (const bool fits : {false, true}) {
      if (fits && !with_fits) continue;
      TakeSpanSeconds();
      const std::clock_t cpu_began = std::clock();
      const double seconds = SecondsOf([&] { bench.Step(fits); });
      const double cpu = static_cast<double>(std::clock() - cpu_began) / CLOCKS_PER_SEC;
      const auto phases = TakeSpanSeconds();
      if (i < 0) continue;  // the first finds nothing in memory
      Times& of = times[fits ? "with_fits" : "without_fits"];
      of.ms.Add(1e3 * seconds);
      of.cpu_ms.Add(1e3 * cpu);
      for (const auto& [name, s] : phases) of.phases_ms[name].Add(1e3 * s);
    }
    if (i >= 0) progress.Advance();
  }
  return times;
}

nlohmann::json ToJson(const Times& times) {
  nlohmann::json json = {{"ms", times.ms.Median()}, {"cpu_ms", times.cpu_ms.Median()}};
  for (const auto& [name, ms] : times.phases_ms) json["phases_ms"][name] = ms.Median();
  return json;
}

void PrintTimes(const nlohmann::json& json, const std::map<std::string, Times>& times) {
  fmt::print("preset {}, {} parameters, batch {} at {} px, {} threads; medians of {} steps, ms\n",
             json["preset"].get<std::string>(), json["parameters"].get<int64_t>(),
             json["batch_size"].get<int>(), json["image_px"].get<int>(), json["threads"].get<int>(),
             json["steps"].get<int>());
  for (const auto& [name, of] : times) {
    fmt::print("{:<13}{:>9.1f}{:>9.1f} cpu ", name, of.ms.Median(), of.cpu_ms.Median());
    for (const auto& [phase, ms] : of.phases_ms) fmt::print("  {} {:.1f}", phase, ms.Median());
    fmt::print("\n");
  }
  if (times.contains("with_fits")) {
    fmt::print("fits add {:.1f} % ({:.1f} % of processor time)\n",
               100 * json["fit_overhead"].get<double>(),
               100 * json["fit_overhead_cpu"].get<double>());
  }
}

}  // namespace

int RunBenchTrain(int argc, char** argv) {
  int threads, steps;
  const FlagNames flags = StepFlags();
  cxxopts::Options options("gyre bench train",
                           "Time a training step with and without fits, on pictures in memory.");
  options.set_width(100);
  AddPresetOption(options, "small");
  options.add_options()("threads", "Threads of network and fitter (0: all cores)",
                        cxxopts::value<int>(threads)->default_value("0"),
                        "N")("steps", "Times are medians of so many steps",
                             cxxopts::value<int>(steps)->default_value("11"), "N")(
      "no-fits", "Only steps without fits")("json", "Print one JSON object");
  AddFlags(options, "Step", TrainOptions::Preset("small"), flags);
  AddBodyOptions(options);
  AddQuietOption(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  if (steps < 1) throw UsageError(fmt::format("--steps is {}; it must be 1 or more", steps));
  const std::string preset = args["preset"].as<std::string>();
  TrainOptions train = TrainOptions::Preset(preset);
  ApplyFlags(args, &train, flags);
  train.data = fmt::format("synth:?count={}", std::max(train.batch_size, 1));
  train.threads = train.fit_threads = threads;
  train = train.Settled();
  train.Check();
  InitRuntime(threads);
  SeedTorch(train.seed);
  Bench bench(train, BodyOf(args), PriorOf(args));
  const auto times = Measure(bench, steps, args.count("no-fits") == 0);
  nlohmann::json json = {{"preset", preset},
                         {"parameters", bench.num_parameters()},
                         {"batch_size", train.batch_size},
                         {"image_px", train.network.image_px},
                         {"precision", EnumName(train.network.precision)},
                         {"threads", at::get_num_threads()},
                         {"steps", steps},
                         {"options", ToJson(train)},
                         {"peak_mb", MemoryMb("VmHWM")}};
  for (const auto& [name, of] : times) json[name] = ToJson(of);
  const auto overhead = [&](const char* key) {
    const double without = json["without_fits"][key].get<double>();
    return (json["with_fits"][key].get<double>() - without) / without;
  };
  if (times.contains("with_fits")) {
    json["fit_overhead"] = overhead("ms");
    json["fit_overhead_cpu"] = overhead("cpu_ms");
  }
  if (args.count("json")) {
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  PrintTimes(json, times);
  return 0;
}

}  // namespace gyre
