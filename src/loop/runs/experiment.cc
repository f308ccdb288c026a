// SPDX-License-Identifier: Apache-2.0
#include "loop/runs/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "io/json.h"
#include "loop/report/report.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// What the report is about: a key of metrics.jsonl, its name in the summary, and its chart.
struct Measure {
  const char* metric;
  const char* name;
  const char* title;
  const char* unit;
  int digits;  // after the point, in the table
};
constexpr Measure kMeasures[] = {
    {"val_network_pa_mpjpe_mm", "network_pa_mpjpe_mm", "Network on held-out people", "PA-MPJPE, mm",
     2},
    {"train_fits_pa_mpjpe_mm", "fits_pa_mpjpe_mm", "Stored fits of the training people",
     "PA-MPJPE, mm", 2},
    {"train_fits_accepted_share", "fits_accepted_share", "Stored fits that may teach", "share", 3},
    {"train_fits_held_out_median", "fits_held_out_median", "Stored fits, joints kept back",
     "median error / box side", 3},
    {"train_fits_held_out_within_10", "fits_held_out_within_10", "Stored fits, joints kept back",
     "share within 0.1 of the box side", 3},
    {"val_network_mpjpe_mm", "network_mpjpe_mm", "Network on held-out people", "MPJPE, mm", 2},
    {"val_network_mpjpe_raw_mm", "network_mpjpe_raw_mm", "Network on held-out people",
     "MPJPE as it is said, mm", 2},
    {"val_network_mpjve_mm", "network_mpjve_mm", "Network on held-out people",
     "velocity error, mm a frame", 2},
    {"train_fits_mpjve_mm", "fits_mpjve_mm", "Stored fits of the training people",
     "velocity error, mm a frame", 2},
    {"val_fits_mpjve_mm", "val_fits_mpjve_mm", "Fits of the held-out people",
     "velocity error, mm a frame", 2},
    {"val_network_pve_mm", "network_pve_mm", "Network on held-out people", "PVE, mm", 2},
    {"val_network_tpose_mm", "network_tpose_mm", "Network on held-out people", "body unposed, mm",
     2},
    {"val_network_girth_mm", "network_girth_mm", "Network on held-out people", "waist, mm", 2},
    {"val_network_hands_pa_mm", "network_hands_pa_mm", "Network on held-out people",
     "hands, PA, mm", 2},
    {"val_network_face_pa_mm", "network_face_pa_mm", "Network on held-out people", "face, PA, mm",
     2},
    {"val_fits_pa_mpjpe_mm", "val_fits_pa_mpjpe_mm", "Fits of the held-out people", "PA-MPJPE, mm",
     2},
    {"val_pck20", "network_pck20", "Network on held-out people", "PCK@0.2, share", 3},
    {"val_mask_iou", "network_mask_iou", "Network on held-out people", "IoU of masks", 3},
    {"val_box_error", "network_box_error", "Network on held-out people",
     "mean joint error / box side", 4},
    {"val_network_held_out_median", "network_held_out_median",
     "Network on held-out people, joints kept back", "median error / box side", 3},
    {"val_network_held_out_within_10", "network_held_out_within_10",
     "Network on held-out people, joints kept back", "share within 0.1 of the box side", 3},
};

// What a run took: keys of its summary.json and of the experiment's.
struct Cost {
  const char* name;
  const char* title;
  int digits;
};
constexpr Cost kCosts[] = {
    {"parameters", "Parameters of the network", 0},
    {"ms_per_sample", "Training step with its fits: ms a sample", 2},
    {"train_seconds", "Training, first fits included: s", 0},
};

// Every {NAME} in every text replaced by its value.
Json Defined(Json json, const std::map<std::string, std::string>& values, const std::string& what) {
  if (json.is_string()) {
    std::string text = json.get<std::string>();
    for (size_t at = 0; (at = text.find('{', at)) != std::string::npos;) {
      const size_t end = text.find('}', at);
      if (end == std::string::npos) break;
      const std::string name = text.substr(at + 1, end - at - 1);
      const auto value = values.find(name);
      if (value == values.end()) {
        ThrowUserError("{}: {{{}}} is not defined; give --define {}=VALUE", what, name, name);
      }
      text.replace(at, end + 1 - at, value->second);
      at += value->second.size();
    }
    return text;
  }
  for (auto& value : json) {
    if (json.is_structured()) value = Defined(value, values, what);
  }
  return json;
}

const Json& ObjectAt(const Json& json, const std::string& key, const std::string& what) {
  const Json& value = JsonField(json, key, what);
  if (!value.is_object()) ThrowUserError("{}, key {}: is no object", what, key);
  return value;
}

bool IsName(const std::string& name) {
  return !name.empty() && name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                              "WXYZ0123456789-_") == std::string::npos;
}

// The arms' options with those that they take over from others, and over them a size's.
Json ArmOptions(const Json& arms, const Json& of_size, const std::string& what) {
  Json all = Json::object();
  for (const auto& [name, own] : arms.items()) {
    const std::string where = fmt::format("{}, arm {}", what, name);
    if (!IsName(name)) ThrowUserError("{}: a name is letters, digits, - and _", where);
    if (!own.is_object()) ThrowUserError("{}: is no object of options", where);
    Json options = own;
    if (const auto like = own.find("like"); like != own.end()) {
      const auto other = like->is_string() ? arms.find(like->get<std::string>()) : arms.end();
      if (other == arms.end() || !other->is_object() || other->contains("like")) {
        ThrowUserError("{}, key like: must name an arm that has no such key itself", where);
      }
      options = *other;
      options.update(own);
      options.erase("like");
    }
    all[name] = std::move(options);
  }
  for (const auto& [name, own] : of_size.items()) {
    if (!all.contains(name) || !(own.is_object() || own.is_null())) {
      ThrowUserError(
          "{}, arm {} of the size: must be an object of options for one of its arms, or null", what,
          name);
    }
    if (own.is_null()) all.erase(name);
    if (own.is_object()) all[name].update(own);
  }
  return all;
}

std::vector<std::vector<std::string>> CommandLines(const Json& list, const std::string& what) {
  std::vector<std::vector<std::string>> lines;
  const auto bad = [&] {
    ThrowUserError("{}, key prepare: must be a list of lists of words, gyre's command lines", what);
  };
  if (!list.is_array()) bad();
  for (const Json& line : list) {
    if (!line.is_array() || line.empty()) bad();
    lines.emplace_back();
    for (const Json& word : line) {
      if (!word.is_string()) bad();
      lines.back().push_back(word.get<std::string>());
    }
  }
  return lines;
}

// A run's lines of metrics.jsonl; nothing when it has none yet.
std::vector<Json> ReadLines(const fs::path& path) {
  std::vector<Json> lines;
  std::ifstream file(path);
  for (std::string text; std::getline(file, text);) {
    Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object()) lines.push_back(std::move(line));
  }
  return lines;
}

Json MeanAndSpread(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {{"mean", mean},
          {"spread", values.size() > 1
                         ? Json(std::sqrt(squares / static_cast<double>(values.size() - 1)))
                         : Json()}};
}

// By their names in a summary.
using Values = std::map<std::string, double>;

// Of a run that came to its end: its measures where it was validated last, and its costs.
Values ValuesOf(const ExperimentRun& run) {
  Values values;
  const std::vector<Json> metrics = ReadLines(run.folder / "metrics.jsonl");
  for (const Measure& measure : kMeasures) {
    const auto last = std::find_if(metrics.rbegin(), metrics.rend(),
                                   [&](const Json& line) { return line.contains(measure.metric); });
    if (last == metrics.rend() || !(*last)[measure.metric].is_number()) continue;
    values[measure.name] = (*last)[measure.metric].get<double>();
  }
  const fs::path file = run.folder / "summary.json";
  const Json summary = ParseJson(ReadFile(file), file.string());
  for (const Cost& cost : kCosts) {
    if (summary.contains(cost.name)) values[cost.name] = summary[cost.name].get<double>();
  }
  return values;
}

// Of every measure that both have; costs depend on what else ran.
Values Less(const Values& a, const Values& b) {
  Values differences;
  for (const Measure& measure : kMeasures) {
    const char* name = measure.name;
    if (a.contains(name) && b.contains(name)) differences[name] = a.at(name) - b.at(name);
  }
  return differences;
}

Json MeansOf(const std::vector<Values>& of_seeds) {
  std::map<std::string, std::vector<double>> lists;
  for (const Values& values : of_seeds) {
    for (const auto& [name, value] : values) lists[name].push_back(value);
  }
  Json means = {{"seeds", of_seeds.size()}};
  for (const auto& [name, list] : lists) means[name] = MeanAndSpread(list);
  return means;
}

std::vector<std::string> ArmsOf(const Experiment& experiment) {
  std::vector<std::string> arms;
  std::set<std::string> seen;
  for (const ExperimentRun& run : experiment.runs) {
    if (seen.insert(run.arm).second) arms.push_back(run.arm);
  }
  return arms;
}

// Mean and spread; "-" of what an arm does not have.
std::string Cell(const Json& of_arm, const char* name, int digits, bool with_sign) {
  const Json value = of_arm.value(name, Json::object());
  if (!value.contains("mean")) return "-";
  const double mean = value["mean"].get<double>();
  std::string cell =
      with_sign ? fmt::format("{:+.{}f}", mean, digits) : fmt::format("{:.{}f}", mean, digits);
  if (value["spread"].is_number() && value["spread"] != 0) {
    cell += fmt::format(" \u00b1 {:.{}f}", value["spread"].get<double>(), digits);
  }
  return cell;
}

// Every measure that some arm has, and what the runs took. Differences have their sign.
ReportTable TableOf(const Json& summary, bool with_sign) {
  ReportTable table{{"arm"}, {}};
  std::vector<std::string> arms;
  for (const auto& [arm, unused] : summary.items()) arms.push_back(arm);
  for (const std::string& arm : arms) table.rows.push_back({arm});
  const auto add = [&](const std::string& title, const char* name, int digits) {
    if (std::none_of(arms.begin(), arms.end(),
                     [&](const std::string& arm) { return summary[arm].contains(name); })) {
      return;
    }
    table.columns.push_back(title);
    for (size_t i = 0; i < arms.size(); ++i) {
      table.rows[i].push_back(Cell(summary[arms[i]], name, digits, with_sign));
    }
  };
  for (const Measure& measure : kMeasures) {
    add(fmt::format("{}: {}", measure.title, measure.unit), measure.name, measure.digits);
  }
  for (const Cost& cost : kCosts) add(cost.title, cost.name, cost.digits);
  return table;
}

// Means over the seeds, step by step, of every measure of every arm.
std::string Curves(const Experiment& experiment) {
  std::map<int64_t, std::map<std::string, std::vector<double>>> values;
  for (const ExperimentRun& run : experiment.runs) {
    for (const Json& line : ReadLines(run.folder / "metrics.jsonl")) {
      if (!line.contains("step") || !line["step"].is_number_integer()) continue;
      for (const Measure& measure : kMeasures) {
        const auto value = line.find(measure.metric);
        if (value == line.end() || !value->is_number()) continue;
        values[line["step"].get<int64_t>()][run.arm + "/" + measure.metric].push_back(
            value->get<double>());
      }
    }
  }
  std::string text;
  for (const auto& [step, of_step] : values) {
    Json line = {{"step", step}};
    for (const auto& [key, list] : of_step) line[key] = MeanAndSpread(list)["mean"];
    text += line.dump() + "\n";
  }
  return text;
}

}  // namespace

Experiment ReadExperiment(const fs::path& file, const std::string& size, const fs::path& folder,
                          std::map<std::string, std::string> defined) {
  const std::string what = file.string();
  defined["dir"] = folder.string();
  const Json json = Defined(ParseJson(ReadFile(file, /*max_bytes=*/1 << 20), what), defined, what);
  Experiment experiment;
  experiment.title = JsonString(json, "title", what);
  Json common = ObjectAt(json, "options", what);
  Json prepare = json.value("prepare", Json::array());
  Json arms_of_size = Json::object();
  if (!size.empty()) {
    Json of_size = ObjectAt(ObjectAt(json, "sizes", what), size, what + ", key sizes");
    if (const auto own = of_size.find("prepare"); own != of_size.end()) {
      prepare = *own;
      of_size.erase(own);
    }
    if (of_size.contains("arms")) {
      arms_of_size = ObjectAt(of_size, "arms", what + ", key sizes");
      of_size.erase("arms");
    }
    common.update(of_size);
  }
  experiment.prepare = CommandLines(prepare, what);
  const Json arms = ArmOptions(ObjectAt(json, "arms", what), arms_of_size, what);
  if (json.contains("against")) {
    experiment.against = JsonString(json, "against", what);
    if (!arms.contains(experiment.against)) {
      ThrowUserError("{}, key against: {} is none of its arms", what, experiment.against);
    }
  }
  for (const Json& seed : JsonArray(json, "seeds", what)) {
    if (!seed.is_number_unsigned()) ThrowUserError("{}, key seeds: must be whole numbers", what);
    for (const auto& [name, own] : arms.items()) {
      const std::string where = fmt::format("{}, arm {}", what, name);
      Json options = common;
      options.update(own);
      ExperimentRun run{name, seed.get<uint64_t>(), folder / name / seed.dump(), {}};
      run.options = TrainOptionsOver(options, where);
      run.options.seed = run.seed;
      run.options.Check();
      experiment.runs.push_back(std::move(run));
    }
  }
  if (experiment.runs.empty()) ThrowUserError("{}: has no arm or no seed", what);
  return experiment;
}

Json SummariseExperiment(const Experiment& experiment) {
  std::map<std::string, std::map<uint64_t, Values>> by_seed;
  for (const ExperimentRun& run : experiment.runs) {
    if (fs::exists(run.folder / "summary.json")) by_seed[run.arm][run.seed] = ValuesOf(run);
  }
  Json summary = {{"arms", Json::object()}};
  const auto base = by_seed.find(experiment.against);
  for (const std::string& arm : ArmsOf(experiment)) {
    std::vector<Values> values, differences;
    for (const auto& [seed, of_run] : by_seed[arm]) {
      values.push_back(of_run);
      if (base == by_seed.end() || arm == experiment.against) continue;
      if (base->second.contains(seed)) differences.push_back(Less(of_run, base->second.at(seed)));
    }
    summary["arms"][arm] = MeansOf(values);
    if (!differences.empty()) summary["against"][experiment.against][arm] = MeansOf(differences);
  }
  return summary;
}

void WriteExperimentReport(const Experiment& experiment, const Json& summary,
                           const fs::path& folder) {
  WriteFileAtomically(folder / "summary.json", summary.dump(2) + "\n");
  WriteFileAtomically(folder / "curves.jsonl", Curves(experiment));
  ReportInput report;
  report.title = experiment.title;
  report.metrics_jsonl = folder / "curves.jsonl";
  const std::vector<std::string> arms = ArmsOf(experiment);
  report.table = TableOf(summary["arms"], /*with_sign=*/false);
  if (summary.contains("against")) {
    report.sections.push_back(
        {"Against " + experiment.against,
         "An arm's measures less those of " + experiment.against +
             " with the same seed: mean and spread over the seeds.",
         {},
         TableOf(summary["against"][experiment.against], /*with_sign=*/true)});
  }
  for (const Measure& measure : kMeasures) {
    ReportChart chart{measure.title, measure.unit, {}, false};
    for (const std::string& arm : arms) chart.series.push_back({arm + "/" + measure.metric, arm});
    report.charts.push_back(std::move(chart));
  }
  for (const std::string& arm : arms) {
    const auto first = std::find_if(experiment.runs.begin(), experiment.runs.end(),
                                    [&](const ExperimentRun& run) { return run.arm == arm; });
    report.sections.push_back(PeopleSection(arm, "Held-out people at the start and at the end.",
                                            first->folder / "pictures", "val_"));
  }
  std::erase_if(report.sections,
                [](const ReportSection& s) { return s.pictures.empty() && s.table.rows.empty(); });
  WriteReport(report, folder / "report.html");
}

}  // namespace gyre
