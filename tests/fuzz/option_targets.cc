// SPDX-License-Identifier: Apache-2.0
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "fuzz/fuzz_target.h"
#include "io/json.h"
#include "loop/report/person_errors.h"
#include "loop/runs/experiment.h"
#include "loop/training/train_options.h"

namespace gyre {
namespace {

const FuzzTarget kExperiment("experiment", [](const std::string& bytes) {
  const std::filesystem::path file = AsFile(bytes, "experiment.json");
  for (const ExperimentRun& run : ReadExperiment(file, "small", "run").runs) run.options.Check();
  ReadExperiment(file, "", "run");
});

const FuzzTarget kOptions("options", [](const std::string& bytes) {
  spdlog::set_level(spdlog::level::err);  // it tells of every option that is missing
  const TrainOptions options =
      TrainOptionsFromJson(ParseJson(bytes, "options.json"), "options.json");
  if (Accepts([&] { options.Check(); })) {
    GYRE_CHECK(ToJson(TrainOptionsFromJson(ToJson(options), "again")) == ToJson(options));
  }
});

const FuzzTarget kPeople("people", [](const std::string& bytes) {
  const std::filesystem::path file = AsFile(bytes, "val_people.jsonl");
  const std::vector<PersonError> people = ReadPersonErrors(file);
  WritePersonErrors(people, file);
  GYRE_CHECK(ReadPersonErrors(file).size() == people.size());
});

}  // namespace
}  // namespace gyre
