// SPDX-License-Identifier: Apache-2.0
// gyre bench heads: what the heads of the networks cost, on one encoder and one batch in memory.
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.h"
#include "core/progress.h"
#include "datasets/dataset_spec.h"
#include "datasets/decorators/loader.h"
#include "io/option_json.h"
#include "loop/presets/preset.h"
#include "loop/training/learner.h"
#include "loop/training/network_bridge.h"
#include "regressor/parameter_count.h"
#include "regressor/runtime.h"
#include "tools/bench.h"
#include "tools/bench_measure.h"
#include "tools/cli.h"
#include "tools/option_flags.h"

namespace gyre {
namespace {

struct HeadOptions {
  std::string preset;
  TrainOptions train;
};

// Of the first preset that has the head; without one all that is no head's is the default.
HeadOptions OptionsOfHead(const std::string& head) {
  for (const Preset& preset : Presets()) {
    TrainOptions train = preset.train();
    if (train.network.head == head) return {preset.name, std::move(train)};
  }
  TrainOptions train;
  train.network.head = head;
  return {"", std::move(train)};
}

// `parameters` are the head's. The step is taken from labels: without fits.
nlohmann::json MeasureHead(const TrainOptions& options, const NetworkSetting& setting, int runs) {
  SeedTorch(options.seed);
  Learner learner(options, setting, DeviceFromName(options.device));
  LoaderOptions loading;
  loading.batch_size = options.batch_size;
  BringInput(options.network, &loading);
  loading.workers = 0;
  loading.augment = options.augment;
  const Batch batch =
      Loader(OpenMixture(options.data, {setting.body, setting.prior}), loading).Next();
  const at::Tensor inputs =
      NetworkInputs(batch, options.network.input, DeviceFromName(options.device));
  Network& network = learner.network();
  nlohmann::json json = {{"parameters", NumParameters(network->head())},
                         {"encoder_parameters", NumParameters(network->encoder())},
                         {"parts", nlohmann::json::object()}};
  for (const auto& part : network->head().named_children()) {
    json["parts"][part.key()] = NumParameters(*part.value());
  }
  const auto per_sample = [&](const Duration& of) { return of.ms / options.batch_size; };
  network->eval();
  json["ms_per_sample_forward"] = per_sample(MedianDuration(runs, [&] {
    const at::NoGradGuard no_grad;
    network->forward(inputs);
  }));
  LabelTeacher teacher(/*use_labels=*/true);
  Ranks alone;
  int64_t step = 0;
  json["ms_per_sample_step"] =
      per_sample(MedianDuration(runs, [&] { learner.Step(batch, ++step, teacher, alone); }));
  return json;
}

void PrintHeads(const nlohmann::json& heads) {
  fmt::print("{:<12}{:>12}{:>12}{:>14}{:>14}\n", "head", "parameters", "encoder", "forward ms",
             "step ms");
  for (const auto& [name, row] : heads.items()) {
    if (row.contains("error")) {
      fmt::print("{:<12}  {}\n", name, row["error"].get<std::string>());
      continue;
    }
    fmt::print("{:<12}{:>12}{:>12}{:>14.2f}{:>14.2f}\n", name, row["parameters"].get<int64_t>(),
               row["encoder_parameters"].get<int64_t>(), row["ms_per_sample_forward"].get<double>(),
               row["ms_per_sample_step"].get<double>());
  }
}

// "hmr,joints"; all of them where nothing is given.
std::vector<std::string> AskedHeads(const std::string& list) {
  if (list.empty()) return HeadNames();
  std::vector<std::string> heads;
  std::istringstream stream(list);
  for (std::string head; std::getline(stream, head, ',');) heads.push_back(FindHead(head).name);
  return heads;
}

}  // namespace

int RunBenchHeads(int argc, char** argv) {
  int threads, runs, batch_size;
  std::string heads, device;
  const FlagNames flags{.prefix = "network.", .without = {"head"}};
  cxxopts::Options options(
      "gyre bench heads",
      "Count the parameters and take the time of every head a network can have, at the size of the "
      "first preset that has it.");
  options.set_width(100);
  options.add_options()("heads", "Only these, with commas between them",
                        cxxopts::value<std::string>(heads)->default_value(""), "NAMES")(
      "batch-size", "People at a time", cxxopts::value<int>(batch_size)->default_value("4"), "N")(
      "threads", "Threads of the network (0: all cores)",
      cxxopts::value<int>(threads)->default_value("0"), "N")(
      "runs", "Times are medians of so many runs", cxxopts::value<int>(runs)->default_value("3"),
      "N")("device", "cpu or cuda", cxxopts::value<std::string>(device)->default_value("cpu"),
           "NAME")("json", "Print one JSON object");
  AddFlags(options, "Network", NetworkOptions(), flags);
  AddBodyOptions(options);
  AddQuietOption(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  if (runs < 1) throw UsageError(fmt::format("--runs is {}; it must be 1 or more", runs));
  if (batch_size < 2) {  // batch norms of one person have no variance
    throw UsageError(fmt::format("--batch-size is {}; it must be 2 or more", batch_size));
  }
  const std::vector<std::string> asked = AskedHeads(heads);
  InitRuntime(threads);
  const NetworkSetting setting{BodyOf(args), PriorOf(args)};
  nlohmann::json rows = nlohmann::json::object();
  Progress progress("measuring", "heads", static_cast<int64_t>(asked.size()));
  for (const std::string& head : asked) {
    auto [preset, train] = OptionsOfHead(head);
    ApplyFlags(args, &train.network, flags);
    train.batch_size = batch_size;
    train.device = device;
    train.data = fmt::format("synth:?count={}", batch_size);
    nlohmann::json& row = rows[head];
    try {
      train.network.Check();
      row = MeasureHead(train, setting, runs);
    } catch (const UserError& error) {  // what one head cannot do says nothing of the others
      row["error"] = error.what();
    }
    row["preset"] = preset;
    row["options"] = FieldsToJson(train.network);
    progress.Advance();
  }
  if (args.count("json")) {
    const nlohmann::json json = {{"heads", rows},
                                 {"batch_size", batch_size},
                                 {"threads", at::get_num_threads()},
                                 {"device", device},
                                 {"runs", runs}};
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
  fmt::print("{} people at a time, {} threads; medians of {} runs, for one person\n", batch_size,
             at::get_num_threads(), runs);
  PrintHeads(rows);
  return 0;
}

}  // namespace gyre
