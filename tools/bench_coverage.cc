// SPDX-License-Identifier: Apache-2.0
// gyre bench coverage: whether fits state rightly how unsure they are of what they do not see.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/progress.h"
#include "fitting/fitter.h"
#include "io/option_json.h"
#include "loop/bulk/fit_many.h"
#include "loop/bulk/hidden_coverage.h"
#include "loop/bulk/person_source.h"
#include "person/hold_out.h"
#include "tools/bench.h"
#include "tools/cli.h"
#include "tools/fit_flags.h"

namespace gyre {
namespace {

const FlagNames& CoverageFlags() {
  static const FlagNames names = {.prefix = "fit.", .short_names = {{"hypotheses", "hypotheses"}}};
  return names;
}

FitOptions WithUncertainty(FitOptions options) {
  options.estimate_uncertainty = true;
  return options;
}

cxxopts::Options MakeCoverageOptions() {
  cxxopts::Options options("gyre bench coverage",
                           "Measure how often joints that are kept from the fitter lie where its "
                           "covariances have them.");
  options.set_width(100);
  options.add_options()("data", "Data set, as for gyre fit --data; its joints kept back by hide=N",
                        cxxopts::value<std::string>(), "SPEC")(
      "hide",
      "Keep back: data (what the data set does), legs (knees, ankles and feet), or legs+hips",
      cxxopts::value<std::string>()->default_value("data"),
      "WHAT")("annotators",
              "By how much annotators differ: one standard deviation per axis, as a share of the "
              "side of a person's box",
              cxxopts::value<double>()->default_value("0.05"),
              "SHARE")("shard", "Only the i-th of n equal parts of the persons",
                       cxxopts::value<std::string>()->default_value("1/1"),
                       "i/n")("persons", "At most so many of them, the first (0: all)",
                              cxxopts::value<int64_t>()->default_value("0"), "N")(
      "threads", "0: all cores", cxxopts::value<int>()->default_value("0"), "N")(
      "json", "Print one JSON object");
  AddFitFlags(options, WithUncertainty({}), CoverageFlags());
  AddBodyOptions(options);
  AddQuietOption(options);
  return options;
}

// A person as they are known, and as the fitter sees them.
struct Hidden {
  FitInput full, input;
};

Hidden Hide(const std::string& what, Person person) {
  FitInput full = InputOf(person);
  if (what == "legs") HoldOutLegs(HiddenLegs::kBelowHips, &person);
  if (what == "legs+hips") HoldOutLegs(HiddenLegs::kWithHips, &person);
  return {std::move(full), InputOf(std::move(person))};
}

std::vector<Hidden> ReadHidden(const cxxopts::ParseResult& args, const SceneSources& sources) {
  const std::string what = args["hide"].as<std::string>();
  if (what != "data" && what != "legs" && what != "legs+hips") {
    throw UsageError(fmt::format("--hide is '{}'; it must be data, legs or legs+hips", what));
  }
  const ShardChoice shard = ShardChoice::Parse(args["shard"].as<std::string>());
  const int64_t most = args["persons"].as<int64_t>();
  if (most < 0) throw UsageError("--persons must be 0 or more");
  const DatasetSpec spec(Required(args, "data"));
  std::vector<Person> persons;
  ForEachPerson(spec, sources, [&](Person person) { persons.push_back(std::move(person)); });
  PersonRange range = shard.Of(static_cast<int64_t>(persons.size()));
  if (most > 0) range.end = std::min(range.end, range.begin + most);
  std::vector<Hidden> hidden;
  for (int64_t i = range.begin; i < range.end; ++i) {
    Hidden one = Hide(what, std::move(persons[static_cast<size_t>(i)]));
    if (!one.input.person.held_out.empty()) hidden.push_back(std::move(one));
  }
  if (hidden.empty()) {
    ThrowUserError("{}: nobody has joints to keep back; give SPEC?hide=2 or --hide legs",
                   args["data"].as<std::string>());
  }
  return hidden;
}

void PrintCoverage(const nlohmann::json& result) {
  fmt::print("{} persons, of whom joints were hidden\n{:<24}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}\n",
             result["persons"].get<int64_t>(), "", "joints", "in 68 %", "in 95 %", "error", "p90",
             "said sd");
  const auto line = [](const std::string& name, const nlohmann::json& row) {
    fmt::print("{:<24}{:>8}{:>9.3f}{:>9.3f}{:>9.3f}{:>9.3f}{:>9.3f}\n", name,
               row["joints"].get<int64_t>(), row["within_68"].get<double>(),
               row["within_95"].get<double>(), row["error_median"].get<double>(),
               row["error_p90"].get<double>(), row["stated_sd_median"].get<double>());
  };
  for (const auto& [key, title] :
       {std::pair{"image", "image, of the box"}, std::pair{"space", "space, metres"}}) {
    if (!result.contains(key)) continue;
    line(title, result[key]);
    for (const auto& [kind, row] : result[key]["by_joint"].items()) line("  " + kind, row);
  }
  const char* const turned = "hips_and_knees_from_full_fit_deg";
  if (!result.contains(turned)) return;
  fmt::print(
      "hips and knees turn from the fit of everything by {:.1f} degrees (p90 {:.1f}), and "
      "are said to be within {:.1f}\n",
      result[turned]["p50"].get<double>(), result[turned]["p90"].get<double>(),
      result["hips_and_knees_stated_sd_deg"]["p50"].get<double>());
}

// Fits chunk by chunk; of hidden legs also everything that is known.
nlohmann::json Measure(const std::vector<Hidden>& hidden, const Fitter& fitter,
                       HiddenCoverage coverage, const cxxopts::ParseResult& args) {
  constexpr size_t kChunk = 256;
  const bool legs = args["hide"].as<std::string>() != "data";
  const int threads = args["threads"].as<int>();
  int64_t refused = 0;
  Progress progress("fitting", "persons", static_cast<int64_t>(hidden.size()));
  for (size_t begin = 0; begin < hidden.size(); begin += kChunk) {
    const size_t end = std::min(hidden.size(), begin + kChunk);
    std::vector<FitProblem> problems, full;
    for (size_t i = begin; i < end; ++i) {
      problems.push_back(hidden[i].input.problem);
      if (legs) full.push_back(hidden[i].full.problem);
    }
    const auto fits = fitter.FitAll(problems, threads), full_fits = fitter.FitAll(full, threads);
    for (size_t i = begin; i < end; ++i) {
      const FitResult& fit = fits[i - begin];
      refused += !fit.summary.usable;
      if (!fit.summary.usable) continue;
      coverage.Add(hidden[i].input.person, hidden[i].input.problem.camera, fit);
      if (legs && full_fits[i - begin].summary.usable) coverage.AddFull(fit, full_fits[i - begin]);
    }
    progress.Advance(static_cast<int64_t>(end - begin));
  }
  nlohmann::json result = coverage.ToJson();
  result["refused"] = refused;
  return result;
}

}  // namespace

int RunBenchCoverage(int argc, char** argv) {
  cxxopts::Options options = MakeCoverageOptions();
  const cxxopts::ParseResult args = ParseOptions(options, argc, argv);
  ApplyQuiet(args);
  FitOptions fit = PresetFit(args);
  ApplyFlags(args, &fit, CoverageFlags());
  fit.estimate_uncertainty = true;
  fit.Check();
  const double annotators = args["annotators"].as<double>();
  if (!(annotators >= 0 && annotators < 1)) {
    throw UsageError(fmt::format("--annotators is {}; it must be from 0 to 1", annotators));
  }
  const int threads = args["threads"].as<int>();
  if (threads < 0 || threads > 1024) {
    throw UsageError(fmt::format("--threads is {}; it must be from 0 to 1024", threads));
  }
  const auto body = BodyOf(args);
  const auto prior = PriorOf(args);
  const std::vector<Hidden> hidden = ReadHidden(args, {body, nullptr});
  const Fitter fitter(body, prior, fit, *hidden[0].input.person.keypoints.set);
  nlohmann::json result = Measure(hidden, fitter, HiddenCoverage(*body, annotators), args);
  result["data"] = args["data"].as<std::string>();
  result["hide"] = args["hide"].as<std::string>();
  result["annotators"] = annotators;
  result["options"] = FieldsToJson(fit, "fit.");
  if (args.count("json")) {
    fmt::print("{}\n", result.dump(2));
  } else {
    PrintCoverage(result);
  }
  return 0;
}

}  // namespace gyre
