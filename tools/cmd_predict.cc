// SPDX-License-Identifier: Apache-2.0
// gyre predict: the bodies that a trained network sees in pictures, as a job for
// loop/bulk/bulk_fit.h.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "core/error.h"
#include "loop/bulk/bulk_fit.h"
#include "loop/bulk/fit_output.h"
#include "loop/bulk/network_start.h"
#include "loop/runs/body_notes.h"
#include "loop/training/run_options.h"
#include "tools/cli.h"
#include "tools/commands.h"
#include "tools/person_arguments.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

cxxopts::Options MakeOptions(const char* name) {
  cxxopts::Options options(name, "Writes the bodies that a trained network sees in pictures.");
  options.set_width(100);
  options.add_options()("checkpoint", "Run of gyre train, or one of its checkpoints",
                        cxxopts::value<std::string>(), "DIR");
  AddPersonOptions(options);
  options.add_options("Body")("body", "Body model: builtin, .npz or .pkl (default: the run's)",
                              cxxopts::value<std::string>(), "MODEL")(
      "joint-regressor-extra", "SPIN's J_regressor_extra.npy (default: the run's)",
      cxxopts::value<std::string>(), "FILE");
  AddPrintOptions(options);
  AddQuietOption(options);
  return options;
}

}  // namespace

int RunPredict(int argc, char** argv) {
  cxxopts::Options options = MakeOptions(argv[0]);
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  const fs::path checkpoint = Required(args, "checkpoint");
  const TrainOptions run = OptionsOfRun(checkpoint);
  const auto given = [&](const char* name, const std::string& otherwise) {
    return args.count(name) ? args[name].as<std::string>() : otherwise;
  };
  const std::string body = given("body", run.body);
  const std::string extra = given("joint-regressor-extra", run.joint_regressor_extra);
  if (PrintedOptions(options, args, {{"body", body}, {"joint_regressor_extra", extra}})) return 0;
  const fs::path out = ResolveOut(Required(args, "out"));
  CheckPersonArguments(args);
  const PersonChoice choice = PersonChoice::Parse(args["person"].as<std::string>());
  FitJob job = PersonJobOf(args);
  job.bodies = BodiesFrom::kNetwork;
  job.notes["command"] = "predict";
  CheckOut(out);
  CheckOutIsNoInput(args, out);
  BulkFit rows(out);  // from here on nobody else writes it
  job.body = LoadBodyModel(body, extra);
  job.body_extra = extra;
  TellStandIns(*job.body);
  job.prior = LoadPosePrior(run.prior);
  const auto left_out = std::make_shared<LeftOutCounts>();
  job.left_out = left_out;
  job.persons = Choose(PersonsOf(args, DetectedKeypoints(args, out), {job.body, nullptr},
                                 BoxesAlone::kTake, FitStages::kBody, left_out),
                       choice);
  job.survey = SurveyOf(job.persons, job.camera, job.pictures.get());
  job.network = OpenNetworkStart(checkpoint, job.body);
  CheckSurvey(job.survey, args, job.network->needs_pictures());
  const FitReport report = rows.Run(job);
  if (!report.finished) return kExitStopped;
  ReportFits(out, report, args.count("json") > 0);
  return 0;
}

}  // namespace gyre
