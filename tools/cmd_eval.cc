// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/progress.h"
#include "datasets/check.h"
#include "datasets/loader.h"
#include "fitting/fit_exchange.h"
#include "loop/network_bridge.h"
#include "loop/predictor.h"
#include "loop/run_directory.h"
#include "loop/validation.h"
#include "regressor/runtime.h"
#include "tools/cli.h"
#include "tools/commands.h"

namespace gyre {
namespace {

// Every body of `evaluation` against its sample.
void Print(const SampleEvaluation& evaluation, const std::string& what, int64_t without_body,
           bool as_json) {
  if (as_json) {
    nlohmann::json json = {{"evaluated", what}, {"samples_without_body", without_body}};
    json["image"] = ToJson(evaluation.Result2D());
    if (evaluation.has_truth()) json["space"] = ToJson(evaluation.Result3D());
    fmt::print("{}\n", json.dump(2));
    return;
  }
  fmt::print("{}\n", what);
  if (evaluation.has_truth()) {
    fmt::print("\n{}{}", Describe(FindProtocol("synthetic")), FormatTable(evaluation.Result3D()));
  }
  fmt::print("\n{}{}", Describe(FindProtocol("lsp-2d")), FormatTable(evaluation.Result2D()));
  if (without_body > 0) fmt::print("\n{} samples have no body and are left out.\n", without_body);
}

struct EvalSetup {
  std::shared_ptr<const BodyModel> body;
  std::shared_ptr<const PosePrior> prior;
  Mixture data;
  std::shared_ptr<const Fitter> fitter;
};

EvalSetup SetUp(const std::string& body, const std::string& extra, const std::string& prior,
                const std::string& data) {
  EvalSetup setup;
  setup.body = LoadBodyModel(body, extra);
  setup.prior = LoadPosePrior(prior);
  setup.data = OpenMixture(data, {setup.body, setup.prior});
  setup.fitter = std::make_shared<Fitter>(setup.body, setup.prior, FitOptions::Default());
  return setup;
}

int EvaluateNetwork(const cxxopts::ParseResult& args, const std::string& checkpoint) {
  InitRuntime(args["threads"].as<int>());
  const c10::Device device = DeviceFromName(args["device"].as<std::string>());
  TrainedNetwork trained = LoadTrainedNetwork(checkpoint, device);
  const TrainOptions& o = trained.options;
  // The run's own body, prior and validation set unless others are given.
  const auto given = [&](const char* name, const std::string& otherwise) {
    return args.count(name) ? args[name].as<std::string>() : otherwise;
  };
  const std::string data = given("data", o.val);
  if (data.empty()) throw UsageError("--data is required: the run had no validation set");
  const EvalSetup setup =
      SetUp(given("body", o.body), given("joint-regressor-extra", o.joint_regressor_extra),
            given("prior", o.prior), data);
  const RestJoints rest(*setup.body);
  LoaderOptions loading =
      LoaderOptions::Evaluation(args["batch-size"].as<int>(), o.network.image_px);
  loading.picture = PictureFor(o.network.input);
  Loader loader(setup.data, loading);
  SampleEvaluation evaluation(setup.fitter, /*with_vertices=*/true);
  Progress progress("evaluating", "batches", loader.steps_per_epoch());
  for (int64_t i = 0; i < loader.steps_per_epoch(); ++i) {
    const Batch batch = loader.Next();
    const std::vector<BodyParams> bodies = PredictBodies(trained.network, batch, rest, device);
    for (int k = 0; k < batch.size(); ++k) evaluation.Add(batch.samples[k], bodies[k]);
    progress.Advance();
  }
  Print(evaluation, fmt::format("network of {} on {}", FindCheckpoint(checkpoint).string(), data),
        loader.samples_skipped(), args.count("json") > 0);
  return 0;
}

// Bodies that stand in a store of fits, or the truth itself.
int EvaluateBodies(const cxxopts::ParseResult& args, const std::string& fits) {
  const EvalSetup setup =
      SetUp(args["body"].as<std::string>(), args["joint-regressor-extra"].as<std::string>(),
            args["prior"].as<std::string>(), Required(args, "data"));
  const bool truth = fits == "truth";
  const FitFile file = truth ? FitFile::InMemory({}) : ReadFits(fits);
  const auto stored = [&](const Sample& sample) {
    const int64_t position = file.Position(sample.dataset, sample.index);
    return position < 0 ? std::nullopt : file.Read(position);
  };
  SampleEvaluation evaluation(setup.fitter, /*with_vertices=*/true);
  int64_t without_body = 0;
  for (const auto& set : setup.data.sets) {
    for (int64_t i = 0; i < set->size(); ++i) {
      const Sample sample = set->Get(i);
      const auto fit = truth ? std::nullopt : stored(sample);
      if (!HasBox(sample) || (truth ? !sample.params.has_value() : !fit.has_value())) {
        ++without_body;
        continue;
      }
      evaluation.Add(sample, truth ? *sample.params : fit->params);
    }
  }
  Print(
      evaluation,
      fmt::format("{} on {}", truth ? "truth" : "fits of " + fits, args["data"].as<std::string>()),
      without_body, args.count("json") > 0);
  return 0;
}

}  // namespace

int RunEval(int argc, char** argv) {
  cxxopts::Options options(argv[0],
                           "Evaluates a network, stored fits, or (as a check) the truth itself.");
  options.add_options()("checkpoint", "A run, or one of its checkpoints",
                        cxxopts::value<std::string>(), "DIR")(
      "fits", "Stored fits (a run, its fits.store, or an export), or the word truth",
      cxxopts::value<std::string>(),
      "FILE")("data", "Data set, see README", cxxopts::value<std::string>(), "SPEC")(
      "device", "cpu or cuda", cxxopts::value<std::string>()->default_value("cpu"))(
      "threads", "Threads of the network (0: all cores)",
      cxxopts::value<int>()->default_value("0"))("batch-size", "Samples at a time",
                                                 cxxopts::value<int>()->default_value("32"))(
      "json", "Print one JSON object");
  AddBodyOptions(options);
  AddQuietOption(options);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  if (args.count("checkpoint") + args.count("fits") != 1) {
    throw UsageError("give either --checkpoint or --fits; see gyre eval --help");
  }
  return args.count("fits") ? EvaluateBodies(args, args["fits"].as<std::string>())
                            : EvaluateNetwork(args, args["checkpoint"].as<std::string>());
}

}  // namespace gyre
