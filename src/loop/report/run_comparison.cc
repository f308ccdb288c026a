// SPDX-License-Identifier: Apache-2.0
#include "loop/report/run_comparison.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "fitting/store/fit_file.h"
#include "loop/report/person_errors.h"
#include "loop/training/train_options.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

nlohmann::json RunOptionsJson(const fs::path& run) {
  const fs::path file = run / "options.json";
  if (!fs::exists(file)) ThrowUserError("{}: is no run: it has no options.json", run.string());
  nlohmann::json options = nlohmann::json::parse(ReadFile(file), nullptr, false);
  if (!options.is_object()) ThrowUserError("{}: not a JSON object of options", file.string());
  return options;
}

std::vector<OptionDifference> OptionDifferences(const fs::path& first, const fs::path& second) {
  const nlohmann::json a = RunOptionsJson(first), b = RunOptionsJson(second);
  const auto text = [](const nlohmann::json& options, const std::string& key) {
    const auto value = options.find(key);
    if (value == options.end()) return std::string("not there");
    return value->is_string() ? value->get<std::string>() : value->dump();
  };
  nlohmann::json keys = a;
  keys.update(b);
  std::vector<OptionDifference> differences;
  for (const auto& [key, unused] : keys.items()) {
    OptionDifference one{key, text(a, key), text(b, key)};
    if (one.first != one.second) differences.push_back(std::move(one));
  }
  return differences;
}

// The last number of each key.
std::map<std::string, double> LastMetrics(const fs::path& run) {
  std::map<std::string, double> last;
  std::istringstream lines(ReadFile(run / "metrics.jsonl"));
  for (std::string text; std::getline(lines, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;  // torn
    for (const auto& [key, value] : line.items()) {
      if (value.is_number()) last[key] = value.get<double>();
    }
  }
  return last;
}

std::vector<MetricPair> MetricPairs(const fs::path& first, const fs::path& second) {
  const std::map<std::string, double> a = LastMetrics(first), b = LastMetrics(second);
  std::map<std::string, double> keys = a;
  keys.insert(b.begin(), b.end());
  const auto at = [](const std::map<std::string, double>& of, const std::string& key) {
    const auto found = of.find(key);
    return found == of.end() ? std::nan("") : found->second;
  };
  std::vector<MetricPair> pairs;
  for (const auto& [key, unused] : keys) pairs.push_back({key, at(a, key), at(b, key)});
  // What was measured on people before how long it took.
  const auto rank = [](const MetricPair& one) {
    const char* kinds[] = {"step", "val_", "train_", "loss"};
    for (int i = 0; i < 4; ++i) {
      if (one.name.starts_with(kinds[i])) return i;
    }
    return one.name.starts_with("seconds") ? 5 : 4;
  };
  std::stable_sort(pairs.begin(), pairs.end(),
                   [&](const auto& x, const auto& y) { return rank(x) < rank(y); });
  return pairs;
}

std::vector<PersonChange> PersonChanges(const fs::path& first, const fs::path& second) {
  const std::vector<PersonError> a = ReadPersonErrors(first / kPeopleFile);
  const std::vector<PersonError> b = ReadPersonErrors(second / kPeopleFile);
  std::map<std::pair<std::string, int64_t>, const PersonError*> by_name;
  for (const PersonError& one : b) by_name[{one.dataset, one.row}] = &one;
  std::vector<PersonChange> changes;
  for (const PersonError& one : a) {
    const auto found = by_name.find({one.dataset, one.row});
    if (found == by_name.end() || found->second->in_mm != one.in_mm) continue;
    changes.push_back({one.dataset, one.row, one.in_mm, one.error, found->second->error});
  }
  std::stable_sort(changes.begin(), changes.end(), [](const auto& x, const auto& y) {
    return x.second - x.first < y.second - y.first;
  });
  return changes;
}

// Null where its file is not there any more: rotations compare without it.
std::shared_ptr<const BodyModel> BodyOfRun(const fs::path& run) {
  const TrainOptions options =
      TrainOptionsFromJson(RunOptionsJson(run), (run / "options.json").string());
  try {
    return LoadBodyModel(options.body, options.joint_regressor_extra);
  } catch (const UserError& error) {
    spdlog::warn("{}; fits are compared without joints", error.what());
    return nullptr;
  }
}

std::optional<FitComparison> ValidationFits(const fs::path& first, const fs::path& second) {
  const auto files = [](const fs::path& run) { return ListFitFiles(run, kValFitsFile); };
  if (files(first).empty() || files(second).empty()) return std::nullopt;
  const FitFile a = FitFile::OpenToRead(files(first)), b = FitFile::OpenToRead(files(second));
  if (!OfOneBody(a, b)) return std::nullopt;
  const auto body = BodyOfRun(first);
  const bool fits = body != nullptr && a.layout() == FitLayout(*body->layout);
  return CompareFitsInSpace(a, b, fits ? body.get() : nullptr);
}

// A run's pictures by person, the latest of each; captions begin with "DATASET ROW: ".
std::map<std::string, ReportPicture> LatestPictures(const fs::path& run) {
  std::map<std::string, ReportPicture> by_person;
  std::error_code none;
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(run / "pictures", none)) {
    if (entry.path().extension() == ".jpg") files.insert(entry.path());
  }
  for (const fs::path& file : files) {  // the steps stand in the names, and rise
    const fs::path note = fs::path(file).replace_extension(".txt");
    if (!fs::exists(note)) continue;
    const std::string caption = ReadFile(note);
    const size_t colon = caption.find(": ");
    if (colon != std::string::npos) by_person[caption.substr(0, colon)] = {caption, file};
  }
  return by_person;
}

std::vector<PicturePair> PicturePairs(const fs::path& first, const fs::path& second) {
  const auto a = LatestPictures(first), b = LatestPictures(second);
  std::vector<PicturePair> pairs;
  for (const auto& [person, picture] : a) {
    const auto found = b.find(person);
    if (found != b.end()) pairs.push_back({picture, found->second});
  }
  return pairs;
}

std::string ErrorText(const PersonChange& one, double error) {
  return one.in_mm ? fmt::format("{:.0f} mm", error)
                   : fmt::format("{:.1f} % of the box", 100 * error);
}

std::string ChangeText(const PersonChange& one) {
  const double change = one.second - one.first;
  return one.in_mm ? fmt::format("{:+.0f} mm", change) : fmt::format("{:+.1f} %", 100 * change);
}

// The first (best) or last (worst first) of the changes, those alone that go that way.
std::vector<PersonChange> Extremes(const RunComparison& c, int count, bool best) {
  std::vector<PersonChange> people = c.people;
  if (!best) std::reverse(people.begin(), people.end());
  std::erase_if(people, [&](const PersonChange& one) {
    return best ? !(one.second < one.first) : !(one.second > one.first);
  });
  if (std::ssize(people) > count) people.resize(static_cast<size_t>(count));
  return people;
}

std::string NumberText(double value) {
  return std::isnan(value) ? std::string("-") : fmt::format("{:.4g}", value);
}

OrderedJson KnownOrNull(double value) {
  return std::isfinite(value) ? OrderedJson(value) : OrderedJson();
}

}  // namespace

RunComparison CompareRuns(const fs::path& first, const fs::path& second) {
  RunComparison comparison;
  comparison.first = first;
  comparison.second = second;
  comparison.options = OptionDifferences(first, second);
  comparison.metrics = MetricPairs(first, second);
  comparison.people = PersonChanges(first, second);
  comparison.val_fits = ValidationFits(first, second);
  comparison.pictures = PicturePairs(first, second);
  return comparison;
}

nlohmann::ordered_json ToJson(const RunComparison& c, int people) {
  OrderedJson json = {{"first", c.first.string()}, {"second", c.second.string()}};
  json["options"] = OrderedJson::object();
  for (const OptionDifference& one : c.options) json["options"][one.name] = {one.first, one.second};
  json["metrics"] = OrderedJson::object();
  for (const MetricPair& one : c.metrics) {
    json["metrics"][one.name] = {KnownOrNull(one.first), KnownOrNull(one.second)};
  }
  json["people"] = c.people.size();
  for (const bool best : {true, false}) {
    OrderedJson& list = json[best ? "better" : "worse"] = OrderedJson::array();
    for (const PersonChange& one : Extremes(c, people, best)) {
      list.push_back({{"dataset", one.dataset},
                      {"row", one.row},
                      {"unit", one.in_mm ? "mm" : "box"},
                      {"first", one.first},
                      {"second", one.second}});
    }
  }
  if (c.val_fits) json["val_fits"] = ToJson(*c.val_fits, people);
  json["pictures"] = c.pictures.size();
  return json;
}

std::string Describe(const RunComparison& c, int people) {
  std::string text = fmt::format("A {}\nB {}\n\n", c.first.string(), c.second.string());
  text += c.options.empty() ? "the same options\n" : "options that differ\n";
  for (const OptionDifference& one : c.options) {
    text += fmt::format("  {:<32} {:<28} {}\n", one.name, one.first, one.second);
  }
  text += fmt::format("\n{:<36}{:>12}{:>12}{:>12}\n", "at the end", "A", "B", "B - A");
  for (const MetricPair& one : c.metrics) {
    text += fmt::format("  {:<34}{:>12}{:>12}{:>12}\n", one.name, NumberText(one.first),
                        NumberText(one.second), NumberText(one.second - one.first));
  }
  if (c.people.empty()) {
    text += "\nno held-out person has an error of the network in both runs (val_people.jsonl)\n";
  }
  for (const bool best : {true, false}) {
    const std::vector<PersonChange> some = Extremes(c, people, best);
    if (some.empty()) continue;
    text += fmt::format("\nthe network's error of held-out people, {} in B\n",
                        best ? "better" : "worse");
    for (const PersonChange& one : some) {
      text +=
          fmt::format("  {:<30}{:>20}{:>20}{:>12}\n", fmt::format("{} {}", one.dataset, one.row),
                      ErrorText(one, one.first), ErrorText(one, one.second), ChangeText(one));
    }
  }
  if (c.val_fits) text += "\nfits of held-out people: " + Describe(*c.val_fits, people);
  return text;
}

ReportInput ReportOf(const RunComparison& c, int people) {
  ReportInput report;
  report.title =
      fmt::format("gyre: {} and {}", c.first.filename().string(), c.second.filename().string());
  report.summary = {{"A", c.first.string()},
                    {"B", c.second.string()},
                    {"Options that differ", std::to_string(c.options.size())},
                    {"Held-out people in both", std::to_string(c.people.size())}};
  ReportSection options{"Options that differ", "", {}, {{"option", "A", "B"}, {}}, {}};
  for (const OptionDifference& one : c.options) {
    options.table.rows.push_back({one.name, one.first, one.second});
  }
  ReportSection metrics{"At the end", "", {}, {{"metric", "A", "B", "B - A"}, {}}, {}};
  for (const MetricPair& one : c.metrics) {
    metrics.table.rows.push_back({one.name, NumberText(one.first), NumberText(one.second),
                                  NumberText(one.second - one.first)});
  }
  report.sections = {options, metrics};
  for (const bool best : {true, false}) {
    ReportSection section{best ? "Better in B" : "Worse in B",
                          "The network's error of held-out people.",
                          {},
                          {{"person", "A", "B", "B - A"}, {}},
                          {}};
    for (const PersonChange& one : Extremes(c, people, best)) {
      section.table.rows.push_back({fmt::format("{} {}", one.dataset, one.row),
                                    ErrorText(one, one.first), ErrorText(one, one.second),
                                    ChangeText(one)});
    }
    report.sections.push_back(section);
  }
  ReportSection pictures = PeopleSection("Pictures", "Of the same people: A, then B.", {}, "");
  for (const PicturePair& pair : c.pictures) {
    pictures.pictures.push_back({"A: " + pair.first.caption, pair.first.file});
    pictures.pictures.push_back({"B: " + pair.second.caption, pair.second.file});
  }
  report.sections.push_back(pictures);
  std::erase_if(report.sections, [](const ReportSection& section) {
    return section.pictures.empty() && section.table.rows.empty();
  });
  return report;
}

}  // namespace gyre
