// SPDX-License-Identifier: Apache-2.0
#include "loop/report/run_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "io/image.h"
#include "loop/report/person_errors.h"
#include "loop/report/pictures.h"
#include "loop/report/report.h"
#include "loop/report/unlikely_fits.h"
#include "metrics/meter.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Without one there is nothing behind the bodies: a network of keypoints learns without.
ImageBuffer PictureOf(const Dataset& set, const Person& sample) {
  try {
    return set.LoadImage(sample);
  } catch (const UserError&) {
    return {1, 1, 3, {0, 0, 0}};
  }
}

void DrawOne(const fs::path& file, const Validator& validator, const BodyModel& body,
             const EvaluatedSample& evaluated) {
  const Person& sample = evaluated.sample;
  std::optional<BodyParams> fit;
  if (evaluated.fit) fit = evaluated.fit->params;
  const ImageBuffer image = PictureOf(validator.DatasetOf(sample), sample);
  WriteImage(file, DrawSample(body, image, sample, evaluated.prediction, fit));
}

std::string Caption(const EvaluatedSample& evaluated) {
  return evaluated.sample.params
             ? fmt::format("{} {}: network {:.0f} mm", evaluated.sample.dataset,
                           evaluated.sample.index, evaluated.error)
             : fmt::format("{} {}: network {:.1f} % of the box", evaluated.sample.dataset,
                           evaluated.sample.index, 100 * evaluated.error);
}

// Numbers of metrics.jsonl and their names in summary.json.
struct SummaryEntry {
  const char* key;
  const char* name;
  const char* label;
};
constexpr SummaryEntry kSummary[] = {
    {"val_network_pa_mpjpe_mm", "network_pa_mpjpe_mm", "Network, PA-MPJPE (mm), held-out people"},
    {"val_fits_pa_mpjpe_mm", "fits_pa_mpjpe_mm", "Stored fits, PA-MPJPE (mm), held-out people"},
    {"train_fits_pa_mpjpe_mm", "train_fits_pa_mpjpe_mm",
     "Stored fits, PA-MPJPE (mm), training people"},
    {"val_network_mpjpe_mm", "network_mpjpe_mm", "Network, MPJPE (mm), held-out people"},
    {"val_network_mpjpe_raw_mm", "network_mpjpe_raw_mm",
     "Network, MPJPE as it is said, about no root of its own (mm), held-out people"},
    {"val_network_mpjve_mm", "network_mpjve_mm",
     "Network, velocity error (mm a frame), held-out people"},
    {"val_fits_mpjve_mm", "fits_mpjve_mm",
     "Stored fits, velocity error (mm a frame), held-out people"},
    {"train_fits_mpjve_mm", "train_fits_mpjve_mm",
     "Stored fits, velocity error (mm a frame), training people"},
    {"val_network_pve_mm", "network_pve_mm", "Network, PVE (mm), held-out people"},
    {"val_network_tpose_mm", "network_tpose_mm", "Network, body unposed (mm), held-out people"},
    {"val_network_girth_mm", "network_girth_mm", "Network, waist (mm), held-out people"},
    {"val_fits_tpose_mm", "fits_tpose_mm", "Stored fits, body unposed (mm), held-out people"},
    {"val_fits_girth_mm", "fits_girth_mm", "Stored fits, waist (mm), held-out people"},
    {"val_network_hands_pa_mm", "network_hands_pa_mm",
     "Network, each hand by itself, PA (mm), held-out people"},
    {"val_network_face_pa_mm", "network_face_pa_mm",
     "Network, face by itself, PA (mm), held-out people"},
    {"val_fits_hands_pa_mm", "fits_hands_pa_mm",
     "Stored fits, each hand by itself, PA (mm), held-out people"},
    {"val_fits_face_pa_mm", "fits_face_pa_mm",
     "Stored fits, face by itself, PA (mm), held-out people"},
    {"val_pck20", "network_pck20", "Network, PCK@0.2 torso, held-out people"},
    {"val_mask_iou", "network_mask_iou", "Network, IoU of masks, held-out people"},
    {"val_box_error", "network_box_error", "Network, mean joint error / box side, held-out people"},
    {"val_network_held_out_median", "network_held_out_median",
     "Network, median error of joints kept back / box side, held-out people"},
    {"val_network_held_out_within_10", "network_held_out_within_10",
     "Network, share of joints kept back within 0.1 of the box side, held-out people"},
    {"val_fits_accepted_share", "val_fits_accepted_share", "Accepted fits, held-out people"},
    {"val_fits_reprojection_px", "val_fits_reprojection_px",
     "Fits' reprojection (px), held-out people"},
    {"train_fits_held_out_median", "train_fits_held_out_median",
     "Fits, median error of joints kept back / box side"},
    {"train_fits_held_out_within_10", "train_fits_held_out_within_10",
     "Fits, share of joints kept back within 0.1 of the box side"},
    {"train_fits_accepted_share", "train_fits_accepted_share", "Accepted fits, training people"},
    {"train_fits_score_px2", "train_fits_score_px2", "Fits' mean score (px^2), training people"},
    {"train_fits_quality_mean", "train_fits_quality_mean",
     "Fits' mean probability to be right, training people"},
    {"train_fits_quality_below_half", "train_fits_quality_below_half",
     "Fits more likely wrong than right, training people"},
};

// Where the steps' time went, from the means that metrics.jsonl has of the intervals.
ReportTable PhaseTable(const fs::path& metrics) {
  std::map<std::string, double> sums;
  int64_t lines = 0;
  std::istringstream stream(ReadFile(metrics));
  for (std::string text; std::getline(stream, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !line.contains("seconds_step")) continue;
    ++lines;
    for (const auto& [key, value] : line.items()) {
      if (key.starts_with("seconds_") && value.is_number()) sums[key] += value.get<double>();
    }
  }
  ReportTable table{{"phase of a step", "ms", "share"}, {}};
  for (const char* phase : {"load", "read", "copy", "forward", "fit", "store", "loss", "backward",
                            "optimizer", "step"}) {
    const auto sum = sums.find(std::string("seconds_") + phase);
    if (sum == sums.end()) continue;
    table.rows.push_back({phase, fmt::format("{:.1f}", 1e3 * sum->second / lines),
                          fmt::format("{:.1f} %", 100 * sum->second / sums["seconds_step"])});
  }
  return table;
}

}  // namespace

void DrawValidationPictures(const RunDirectory& run, const Validator& validator,
                            const BodyModel& body, int64_t step, int count) {
  const auto& samples = validator.samples();
  const auto n = static_cast<int64_t>(samples.size());
  for (int k = 0; k < std::min<int64_t>(count, n); ++k) {
    const EvaluatedSample& evaluated = samples[k * n / std::min<int64_t>(count, n)];
    const fs::path file = run.pictures() / fmt::format("val_{:02}_{:06}.jpg", k, step);
    DrawOne(file, validator, body, evaluated);
    WriteFileAtomically(fs::path(file).replace_extension(".txt"),
                        fmt::format("{}, step {}", Caption(evaluated), step));
  }
}

void DrawExtremes(const RunDirectory& run, const Validator& validator, const BodyModel& body,
                  int count) {
  const auto& samples = validator.samples();
  std::vector<size_t> order(samples.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return samples[a].error < samples[b].error; });
  const int shown = std::min<int>(count, static_cast<int>(order.size() / 2));
  for (int k = 0; k < shown; ++k) {
    for (const bool best : {true, false}) {
      const EvaluatedSample& evaluated = samples[best ? order[k] : order[order.size() - 1 - k]];
      const fs::path file =
          run.pictures() / fmt::format("{}_{:02}.jpg", best ? "best" : "worst", k);
      DrawOne(file, validator, body, evaluated);
      WriteFileAtomically(fs::path(file).replace_extension(".txt"), Caption(evaluated));
    }
  }
}

void WritePeople(const RunDirectory& run, const Validator& validator) {
  std::vector<PersonError> people;
  for (const EvaluatedSample& one : validator.samples()) {
    people.push_back(
        {one.sample.dataset, one.sample.index, one.sample.params.has_value(), one.error});
  }
  WritePersonErrors(people, run.root() / kPeopleFile);
}

nlohmann::json WriteSummary(const RunDirectory& run, const RunCost& cost) {
  nlohmann::json summary, first;
  Meter seconds_step;
  std::istringstream lines(ReadFile(run.metrics_file()));
  for (std::string text; std::getline(lines, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    summary["steps"] = line["step"];
    const auto seconds = line.find("seconds_step");
    if (seconds != line.end() && seconds->is_number()) seconds_step.Add(seconds->get<double>());
    for (const SummaryEntry& entry : kSummary) {
      const auto value = line.find(entry.key);
      if (value == line.end() || !value->is_number()) continue;
      const std::string name = entry.name;
      // What was measured once has no first value that a later one could be compared with.
      if (!first.contains(name)) {
        first[name] = *value;
      } else {
        summary[name + "_first"] = first[name];
      }
      summary[name + "_last"] = *value;
    }
  }
  summary["train_seconds"] = cost.train_seconds;
  summary["parameters"] = cost.parameters;
  if (seconds_step.count() > 0) {
    summary["ms_per_sample"] = 1e3 * seconds_step.Median() / cost.batch_size;
  }
  WriteFileAtomically(run.summary_file(), summary.dump(2) + "\n");
  return summary;
}

void WriteRunReport(const RunDirectory& run, const TrainOptions& options,
                    const nlohmann::json& summary) {
  ReportInput input;
  input.title = fmt::format("gyre: {}", run.root().filename().empty()
                                            ? run.root().parent_path().filename().string()
                                            : run.root().filename().string());
  for (const SummaryEntry& entry : kSummary) {
    const std::string name = entry.name;
    if (!summary.contains(name + "_last")) continue;
    const std::string last = fmt::format("{:.4g}", summary[name + "_last"].get<double>());
    input.summary.emplace_back(
        entry.label,
        summary.contains(name + "_first")
            ? fmt::format("{:.4g} \u2192 {}", summary[name + "_first"].get<double>(), last)
            : last);
  }
  input.summary.emplace_back("Steps", std::to_string(summary.value("steps", int64_t{0})));
  input.summary.emplace_back("Training time",
                             fmt::format("{:.0f} s", summary["train_seconds"].get<double>()));
  input.table = PhaseTable(run.metrics_file());
  input.options_json = ToJson(options).dump(2);
  input.metrics_jsonl = run.metrics_file();
  input.charts = DefaultCharts();
  input.sections = {
      PeopleSection("Before and after", "Held-out people at the start and at the end.",
                    run.pictures(), "val_"),
      PeopleSection("Best", "Held-out people with the smallest errors.", run.pictures(), "best_"),
      PeopleSection("Worst", "Held-out people with the largest errors.", run.pictures(), "worst_"),
      UnlikelySection(run, summary)};
  std::erase_if(input.sections,
                [](const ReportSection& s) { return s.pictures.empty() && s.table.rows.empty(); });
  WriteReport(input, run.report_file());
}

}  // namespace gyre
