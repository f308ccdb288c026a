// SPDX-License-Identifier: Apache-2.0
#include "loop/report/report.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "loop/report/report_chart.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// The values of one key by step.
using Series = std::map<double, double>;

// Every number of metrics.jsonl; what cannot be read is left out.
std::map<std::string, Series> ReadMetrics(const fs::path& path) {
  std::map<std::string, Series> all;
  std::istringstream lines(ReadFile(path));
  for (std::string text; std::getline(lines, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !line.contains("step") || !line["step"].is_number()) continue;
    const double step = line["step"].get<double>();
    for (const auto& [key, value] : line.items()) {
      if (value.is_number()) all[key][step] = value.get<double>();
    }
  }
  return all;
}

std::string EncodeBase64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t present = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < present ? static_cast<uint8_t>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      result += k <= present ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return result;
}

std::string FormatPicture(const ReportPicture& picture) {
  const std::string bytes = ReadFile(picture.file);
  const bool png = bytes.starts_with("\x89PNG"), jpeg = bytes.starts_with("\xFF\xD8\xFF");
  if (!png && !jpeg) {
    ThrowUserError("{} is neither PNG nor JPEG: a report can show only these.",
                   picture.file.string());
  }
  const std::string caption = EscapeHtml(picture.caption);
  return fmt::format(
      "<figure><img alt=\"{}\" src=\"data:image/{};base64,{}\"><figcaption>{}</figcaption>"
      "</figure>\n",
      caption, png ? "png" : "jpeg", EncodeBase64(bytes), caption);
}

std::string FormatTable(const ReportTable& table) {
  if (table.rows.empty()) return "";
  const auto row = [](const std::vector<std::string>& cells, const char* tag) {
    std::string html = "<tr>";
    for (const std::string& cell : cells)
      html += fmt::format("<{0}>{1}</{0}>", tag, EscapeHtml(cell));
    return html + "</tr>\n";
  };
  std::string html = "<div class=\"table\"><table>\n" + row(table.columns, "th");
  for (const auto& cells : table.rows) html += row(cells, "td");
  return html + "</table></div>\n";
}

std::string FormatLegend(const ReportSection& section) {
  if (section.legend.empty()) return "";
  std::string html = "<p class=\"legend\">";
  for (const auto& [colour, what] : section.legend) {
    html += fmt::format("<span><i style=\"background:{}\"></i>{}</span>", colour, EscapeHtml(what));
  }
  return html + "</p>\n";
}

std::string FormatSection(const ReportSection& section) {
  std::string html = fmt::format("<section><h2>{}</h2>\n", EscapeHtml(section.title));
  if (!section.intro.empty()) html += fmt::format("<p>{}</p>\n", EscapeHtml(section.intro));
  html += FormatLegend(section) + FormatTable(section.table);
  if (section.pictures.empty()) return html + "</section>\n";
  html += "<div class=\"pictures\">\n";
  for (const ReportPicture& picture : section.pictures) html += FormatPicture(picture);
  return html + "</div></section>\n";
}

std::string FormatSummary(const ReportInput& input) {
  if (input.summary.empty()) return "";
  std::string html = "<dl class=\"summary\">\n";
  for (const auto& [name, value] : input.summary) {
    html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", EscapeHtml(name), EscapeHtml(value));
  }
  return html + "</dl>\n";
}

std::string FormatCharts(const ReportInput& input) {
  if (input.charts.empty()) return "";
  std::map<std::string, Series> metrics = ReadMetrics(input.metrics_jsonl);
  std::string charts;
  for (const ReportChart& chart : input.charts) {
    std::vector<Curve> curves;
    for (const ReportSeries& series : chart.series) {
      Curve& curve = curves.emplace_back();
      curve.label = series.label;
      for (const auto& [step, value] : metrics[series.key]) {
        curve.steps.push_back(step);
        curve.values.push_back(value);
      }
    }
    charts += FormatChart(chart.title, chart.y_label, curves, chart.log_y);
  }
  if (charts.empty()) return "";
  return "<section><h2>Curves</h2>\n<p>Over the training steps. Thin lines are the logged values, "
         "thick lines their moving average, whose last value stands in the legend.</p>\n<div "
         "class=\"charts\">\n" +
         charts + "</div></section>\n";
}

constexpr std::string_view kPageStyle = R"css(
:root { color-scheme:light dark; --paper:#fcfcfb; --card:#ffffff; --ink:#1d2126; --soft:#4d545e;
  --faint:#7b828c; --line:#e6e7e9; }
@media (prefers-color-scheme: dark) { :root { --paper:#15181c; --card:#1b1f24; --ink:#e9ebee;
  --soft:#b4bac2; --faint:#8b929c; --line:#2c3138; } }
* { box-sizing:border-box; }
body { margin:0; background:var(--paper); color:var(--ink);
  font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif; }
main { max-width:1180px; margin:0 auto; padding:2.2rem 1.2rem 3rem; }
h1 { font-size:1.9rem; line-height:1.2; font-weight:650; letter-spacing:-.015em; margin:0 0 1.3rem; }
h2 { font-size:1.15rem; font-weight:650; margin:2.8rem 0 .3rem; }
p { color:var(--soft); margin:.1rem 0 1rem; max-width:68ch; }
figure { margin:0; }
figcaption { font-size:.9rem; }
.unit { color:var(--faint); font-size:.82rem; }
.summary { display:grid; grid-template-columns:repeat(auto-fill,minmax(min(100%,235px),1fr));
  gap:0; margin:0; border:1px solid var(--line); border-radius:8px; overflow:hidden;
  background:var(--card); }
.summary div { padding:.8rem 1rem; display:flex; flex-direction:column;
  justify-content:space-between; box-shadow:0 0 0 .5px var(--line); }
.summary dt { font-size:.8rem; line-height:1.35; color:var(--soft); }
.summary dd { margin:.3rem 0 0; font-size:1.25rem; font-weight:600;
  font-variant-numeric:tabular-nums; overflow-wrap:anywhere; }
.table { overflow-x:auto; background:var(--card); border:1px solid var(--line);
  border-radius:8px; }
table { border-collapse:collapse; width:100%; font-size:.88rem;
  font-variant-numeric:tabular-nums; }
th { font-size:.8rem; line-height:1.35; font-weight:500; color:var(--soft); vertical-align:bottom; }
th,td { padding:.5rem .9rem; text-align:right; white-space:nowrap; }
th { white-space:normal; }
th:first-child,td:first-child { text-align:left; }
td { border-top:1px solid var(--line); }
.charts { display:grid; gap:1rem;
  grid-template-columns:repeat(auto-fit,minmax(min(100%,370px),1fr)); }
.chart { background:var(--card); border:1px solid var(--line); border-radius:8px;
  padding:.9rem 1rem .7rem; min-width:0; }
.legend span { margin-right:1.2rem; white-space:nowrap; }
.legend i { display:inline-block; width:.8em; height:.8em; border-radius:2px; margin-right:.4em; }
.pictures { display:grid; gap:1.1rem;
  grid-template-columns:repeat(auto-fill,minmax(min(100%,470px),1fr)); }
.pictures img { display:block; width:100%; height:auto; border-radius:5px; }
.pictures figcaption { color:var(--soft); font-size:.84rem; padding-top:.3rem;
  overflow-wrap:anywhere; }
details { margin-top:2.8rem; border-top:1px solid var(--line); padding-top:1rem; }
summary { cursor:pointer; font-weight:600; }
pre { overflow-x:auto; font-size:.8rem; line-height:1.45; background:var(--card); padding:1rem;
  border:1px solid var(--line); border-radius:8px; }
)css";

}  // namespace

namespace {

// The colours of DrawSkeleton and of bodies.
std::vector<std::pair<std::string, std::string>> SkeletonLegend() {
  return {{"rgb(235,76,60)", "keypoints of the right side"},
          {"rgb(50,140,240)", "of the left side"},
          {"rgb(250,205,70)", "of the middle; faint where the detector was unsure"},
          {"rgb(158,189,230)", "body"}};
}

}  // namespace

ReportSection PeopleSection(const std::string& title, const std::string& intro,
                            const fs::path& folder, const std::string& prefix,
                            const std::string& panels) {
  ReportSection section{
      title, fmt::format("{} From left to right: {}.", intro, panels), {}, {}, SkeletonLegend()};
  if (!fs::exists(folder)) return section;
  std::set<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(prefix) &&
        entry.path().extension() == ".jpg") {
      files.insert(entry.path());
    }
  }
  for (const fs::path& file : files) {
    const fs::path note = fs::path(file).replace_extension(".txt");
    section.pictures.push_back({fs::exists(note) ? ReadFile(note) : file.stem().string(), file});
  }
  return section;
}

std::vector<ReportChart> DefaultCharts() {
  return {
      {"3D error on held-out people",
       "PA-MPJPE, mm",
       {{"val_network_pa_mpjpe_mm", "network"}, {"val_fits_pa_mpjpe_mm", "stored fits"}}},
      {"Keypoints on held-out people", "PCK@0.2 torso, share", {{"val_pck20", "network"}}},
      {"Box error on held-out people",
       "mean joint error / box side",
       {{"val_box_error", "network"}}},
      {"3D error of the training fits",
       "PA-MPJPE, mm",
       {{"train_fits_pa_mpjpe_mm", "stored fits"}}},
      {"Joints kept back",
       "median error / box side",
       {{"train_fits_held_out_median", "stored fits"},
        {"val_network_held_out_median", "network, held-out people"}}},
      {"Accepted fits",
       "share of samples",
       {{"fits_accepted_share", "in the batch"},
        {"train_fits_accepted_share", "whole training set"},
        {"val_fits_accepted_share", "held-out people"}}},
      {"Fits that are more likely wrong than right",
       "share of people",
       {{"train_fits_quality_below_half", "training people"}}},
      {"Reprojection of the fits",
       "px of the reference crop",
       {{"fit_reprojection_px", "in the batch"}, {"val_fits_reprojection_px", "held-out people"}}},
      {"Loss", "weighted sum", {{"loss", "loss"}}},
      {"Loss terms",
       "before weighting",
       {{"loss_keypoints_2d", "keypoints 2D"},
        {"loss_keypoints_3d", "keypoints 3D"},
        {"loss_pose", "pose"},
        {"loss_betas", "shape"},
        {"loss_vertices", "vertices"},
        {"loss_camera", "camera"}},
       true},
      {"Fits updated", "per step", {{"fits_updated", "better than the stored fit"}}},
      {"Time",
       "seconds per step",
       {{"seconds_step", "whole step"},
        {"seconds_load", "load"},
        {"seconds_copy", "copy"},
        {"seconds_forward", "forward"},
        {"seconds_fit", "fit"},
        {"seconds_store", "store"},
        {"seconds_loss", "loss"},
        {"seconds_backward", "backward"},
        {"seconds_optimizer", "optimiser"}}},
  };
}

void WriteReport(const ReportInput& input, const std::filesystem::path& out) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{0}</title>\n<style>{1}{2}</style></head>\n<body><main>\n<h1>{0}</h1>\n",
      EscapeHtml(input.title), kPageStyle, ChartStyle());
  html += FormatSummary(input) + FormatTable(input.table) + FormatCharts(input);
  for (const ReportSection& section : input.sections) html += FormatSection(section);
  if (!input.options_json.empty()) {
    html += fmt::format("<details><summary>Options</summary><pre>{}</pre></details>\n",
                        EscapeHtml(input.options_json));
  }
  html += "</main></body></html>\n";
  WriteFileAtomically(out, html);
}

}  // namespace gyre
