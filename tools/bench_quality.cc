// SPDX-License-Identifier: Apache-2.0
// gyre bench quality: whether the quality that fits state is right, and what it is learnt from.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "datasets/scenes/detector_errors.h"
#include "fitting/fitter.h"
#include "fitting/quality.h"
#include "io/option_json.h"
#include "loop/bulk/fit_run.h"
#include "loop/bulk/person_source.h"
#include "loop/bulk/quality_check.h"
#include "tools/bench.h"
#include "tools/cli.h"
#include "tools/fit_flags.h"

namespace gyre {
namespace {

const FlagNames kFitFlags = {.prefix = "fit.", .short_names = {{"hypotheses", "hypotheses"}}};
const FlagNames kErrorFlags = {.prefix = "errors."};

FitOptions WithEveryFit(FitOptions options) {
  options = ForBulk(options, false);
  options.max_error_share = 0;
  return options;
}

cxxopts::Options MakeQualityOptions() {
  cxxopts::Options options("gyre bench quality",
                           "Measure how often fits are as good as their quality says: of people "
                           "whose body is known, or whose joints are kept back by hide=N.");
  options.set_width(100);
  options.add_options()("data", "Data set, as for gyre fit --data", cxxopts::value<std::string>(),
                        "SPEC")(
      "detect",
      "Find the keypoints as a detector would, with --errors: of synthetic people, made with "
      "noise=0&missing=0&occluders=0. Every other one's camera is not known")(
      "seed", "Of the detector", cxxopts::value<uint64_t>()->default_value("1"))(
      "persons", "At most so many of them, the first (0: all)",
      cxxopts::value<int64_t>()->default_value("0"), "N")(
      "learn", "Learn from them: writes fitting/quality_table.h",
      cxxopts::value<std::string>(), "FILE")("threads", "0: all cores",
                                             cxxopts::value<int>()->default_value("0"),
                                             "N")("json", "Print one JSON object");
  AddFitFlags(options, WithEveryFit({}), kFitFlags);
  AddFlags(options, "Detector", DetectorErrors(), kErrorFlags);
  AddBodyOptions(options);
  AddQuietOption(options);
  return options;
}

// A person as the fitter sees them, and their body where it is known.
struct Subject {
  FitInput input;
  HeapOptional<BodyParams> truth;
};

Subject SubjectOf(Person person, const DetectorErrors* errors, uint64_t seed) {
  Subject subject;
  if (person.params_have_translation) subject.truth = person.params;
  if (errors != nullptr) {
    Detect(*errors, seed, &person);
    if (person.index % 2 == 0) person.camera.reset();
  }
  subject.input = InputOf(std::move(person));
  return subject;
}

std::vector<Subject> ReadSubjects(const cxxopts::ParseResult& args, const SceneSources& sources) {
  const int64_t most = args["persons"].as<int64_t>();
  if (most < 0) throw UsageError("--persons must be 0 or more");
  DetectorErrors errors;
  ApplyFlags(args, &errors, kErrorFlags);
  errors.Check();
  const DatasetSpec spec(Required(args, "data"));
  const bool detect = args.count("detect") > 0;
  if (detect && spec.kind() != "synth") throw UsageError("--detect is for synth: people");
  std::vector<Subject> subjects;
  ForEachPerson(spec, sources, [&](Person person) {
    if (most > 0 && std::ssize(subjects) >= most) return;
    subjects.push_back(
        SubjectOf(std::move(person), detect ? &errors : nullptr, args["seed"].as<uint64_t>()));
  });
  if (subjects.empty()) ThrowUserError("{}: holds nobody to fit", args["data"].as<std::string>());
  return subjects;
}

void MeasureHidden(const Fitter& fitter, const FitInput& input, const FitResult& fit,
                   JudgedFit* judged) {
  const Person& person = input.person;
  if (person.held_out.empty()) return;
  const Points3 joints = fitter.Joints(fit.params);
  judged->hidden_mean = judged->hidden_most = 0;
  for (const int i : person.held_out) {
    const Vec2 at_px = input.problem.camera.Project(joints.row(i).transpose());
    const double share =
        (person.keypoints.px.row(i).transpose() - at_px).norm() / person.held_out_unit_px;
    judged->hidden_mean += share / static_cast<double>(person.held_out.size());
    judged->hidden_most = std::max(judged->hidden_most, share);
  }
}

std::vector<JudgedFit> Judge(const Fitter& fitter, const std::vector<Subject>& subjects,
                             int threads) {
  constexpr size_t kChunk = 256;
  const QualityJudge judge(fitter);
  std::vector<JudgedFit> judged;
  Progress progress("fitting", "persons", std::ssize(subjects));
  for (size_t begin = 0; begin < subjects.size(); begin += kChunk) {
    const size_t end = std::min(subjects.size(), begin + kChunk);
    std::vector<FitProblem> problems;
    for (size_t i = begin; i < end; ++i) problems.push_back(subjects[i].input.problem);
    const std::vector<FitResult> fits = fitter.FitAll(problems, threads);
    for (size_t i = begin; i < end; ++i) {
      const FitResult& fit = fits[i - begin];
      if (!fit.summary.usable) continue;
      JudgedFit& one = judged.emplace_back();
      one.evidence = judge.Evidence(problems[i - begin], fit);
      one.quality = QualityOf(one.evidence);
      if (subjects[i].truth) one.error_mm = judge.ErrorMm(fit.params, *subjects[i].truth);
      MeasureHidden(fitter, subjects[i].input, fit, &one);
    }
    progress.Advance(static_cast<int64_t>(end - begin));
  }
  return judged;
}

template <size_t N>
std::string Numbers(const std::array<double, N>& values) {
  std::string text;
  for (const double value : values) text += fmt::format("{}{:.4f}", text.empty() ? "" : ", ", value);
  return "{" + text + "}";
}

void WriteTable(const QualityTable& table, const nlohmann::json& from,
                const std::filesystem::path& file) {
  WriteFileAtomically(
      file,
      fmt::format("// SPDX-License-Identifier: Apache-2.0\n"
                  "// Written by gyre bench quality --learn, which tools/learn_quality calls: of\n"
                  "// {} fits, {:.1f} % below 100 mm.\n"
                  "#pragma once\n\n#include \"fitting/quality.h\"\n\nnamespace gyre {{\n\n"
                  "inline constexpr QualityTable kQualityTable = {{\n"
                  "    {{{}}},\n    {{{}}}}};\n\n}}  // namespace gyre\n",
                  from["fits"].get<int64_t>(), 100 * from["below_100_mm"].get<double>(),
                  Numbers(table.with_sd), Numbers(table.without_sd)));
}

void PrintQuality(const nlohmann::json& result) {
  fmt::print("{} fits\n", result["fits"].get<int64_t>());
  if (result.contains("reliability")) {
    fmt::print("{:<12}{:>8}{:>9}{:>9}\n", "quality", "people", "stated", "observed");
    int bin = 0;
    for (const auto& row : result["reliability"]) {
      const int64_t people = row["people"].get<int64_t>();
      fmt::print("{:<12}{:>8}", fmt::format("{:.1f} - {:.1f}", bin / 10.0, (bin + 1) / 10.0),
                 people);
      ++bin;
      if (people == 0) {
        fmt::print("\n");
        continue;
      }
      fmt::print("{:>9.3f}{:>9.3f}\n", row["stated"].get<double>(), row["observed"].get<double>());
    }
  }
  if (!result.contains("worst_tenth")) return;
  for (const auto& [key, what] :
       {std::pair{"space", "joints beyond 100 mm in the mean"},
        std::pair{"hidden_mean", "hidden joints beyond 0.3 of the box in the mean"},
        std::pair{"hidden_most", "a hidden joint beyond 0.3 of the box"}}) {
    if (!result["worst_tenth"].contains(key)) continue;
    const auto& row = result["worst_tenth"][key];
    fmt::print("{}: {} of {}; the worst tenth, {} people, holds {}, {:.2f} times its share\n", what,
               row["lost"].get<int64_t>(), row["people"].get<int64_t>(),
               row["in_tenth"].get<int64_t>(), row["lost_in_tenth"].get<int64_t>(),
               row["times_its_share"].get<double>());
  }
}

}  // namespace

int RunBenchQuality(int argc, char** argv) {
  cxxopts::Options options = MakeQualityOptions();
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  FitOptions fit = WithEveryFit(PresetFit(args));
  ApplyFlags(args, &fit, kFitFlags);
  fit.Check();
  const int threads = args["threads"].as<int>();
  if (threads < 0 || threads > 1024) {
    throw UsageError(fmt::format("--threads is {}; it must be from 0 to 1024", threads));
  }
  const auto body = BodyOf(args);
  const auto prior = PriorOf(args);
  const std::vector<Subject> subjects = ReadSubjects(args, {body, nullptr});
  const Fitter fitter(body, prior, fit, *subjects[0].input.person.keypoints.set);
  const std::vector<JudgedFit> judged = Judge(fitter, subjects, threads);
  nlohmann::json result = DescribeQuality(judged);
  result["data"] = args["data"].as<std::string>();
  result["options"] = FieldsToJson(fit, "fit.");
  if (args.count("learn")) {
    WriteTable(LearnQuality(judged), result, args["learn"].as<std::string>());
  }
  if (args.count("json")) {
    fmt::print("{}\n", result.dump(2));
  } else {
    PrintQuality(result);
  }
  return 0;
}

}  // namespace gyre
