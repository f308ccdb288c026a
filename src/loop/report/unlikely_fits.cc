// SPDX-License-Identifier: Apache-2.0
#include "loop/report/unlikely_fits.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "io/image.h"
#include "loop/report/pictures.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

nlohmann::ordered_json Describe(const UnlikelyFit& fit, const Person& person) {
  nlohmann::ordered_json line = {{"dataset", person.dataset},
                                 {"row", person.index},
                                 {"image", person.image},
                                 {"quality", fit.quality},
                                 {"robust_px2", nullptr}};
  if (std::isfinite(fit.robust_px2)) line["robust_px2"] = fit.robust_px2;
  return line;
}

std::string Text(const nlohmann::ordered_json& line, const char* key, int digits) {
  const auto value = line.find(key);
  return value != line.end() && value->is_number()
             ? fmt::format("{:.{}f}", value->get<double>(), digits)
             : "not known";
}

std::string Name(const nlohmann::ordered_json& line, const char* key) {
  const auto value = line.find(key);
  return value != line.end() && value->is_string() ? value->get<std::string>() : "";
}

std::string Who(const nlohmann::ordered_json& line) {
  const std::string image = fs::path(Name(line, "image")).filename().string();
  return fmt::format("{} {}{}", Name(line, "dataset"), Text(line, "row", 0),
                     image.empty() ? "" : fmt::format(" ({})", image));
}

// False where the picture cannot be read: a network of keypoints learns without.
bool Draw(const fs::path& file, const Dataset& set, const Person& person, const BodyModel& body,
          const BodyParams& params) {
  ImageBuffer image;
  try {
    image = set.LoadImage(person);
  } catch (const UserError&) {
    return false;
  }
  WriteImage(file, DrawSample(body, image, person, std::nullopt, params));
  return true;
}

}  // namespace

void WriteUnlikelyFits(const RunDirectory& run, const FitQuality& quality, const Mixture& data,
                       const BodyModel& body, int pictures) {
  std::string lines;
  int k = 0;
  for (const UnlikelyFit& fit : quality.lowest) {
    const Dataset& set = *data.sets[fit.set_idx];
    const Person person = set.Get(fit.position);
    const nlohmann::ordered_json line = Describe(fit, person);
    lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    const fs::path file = run.pictures() / fmt::format("unlikely_{:02}.jpg", k++);
    fs::remove(file);  // an earlier end's, of a run that goes on
    if (k <= pictures && Draw(file, set, person, body, fit.params)) {
      WriteFileAtomically(fs::path(file).replace_extension(".txt"),
                          fmt::format("{}: quality {}, robust error {} px^2", Who(line),
                                      Text(line, "quality", 2), Text(line, "robust_px2", 1)));
    }
  }
  if (k > 0) WriteFileAtomically(run.root() / kUnlikelyFitsFile, lines);
}

ReportSection UnlikelySection(const RunDirectory& run, const nlohmann::json& summary) {
  constexpr const char* kTitle = "Fits that are least likely right";
  std::string intro =
      "Quality: the probability that the stored fit of a training person has a PA-MPJPE below 100 "
      "mm, by its pose and its keypoints. The lowest of all, or of 2000 people, evenly taken";
  const auto below = summary.find("train_fits_quality_below_half_last");
  if (below != summary.end()) {
    intro += fmt::format(", of whom {:.1f} % are below 0.5", 100 * below->get<double>());
  }
  intro += ".";
  ReportSection section = PeopleSection(kTitle, intro, run.pictures(), "unlikely_",
                                        "keypoints, the stored fit, the fit from its side");
  if (section.pictures.empty()) section = {kTitle, intro, {}};
  const fs::path file = run.root() / kUnlikelyFitsFile;
  if (!fs::exists(file)) return section;
  section.table.columns = {"person", "quality", "robust error (px^2)"};
  std::istringstream lines(ReadFile(file));
  for (std::string text; std::getline(lines, text);) {
    const auto line = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !line.contains("quality")) continue;
    section.table.rows.push_back(
        {Who(line), Text(line, "quality", 3), Text(line, "robust_px2", 1)});
  }
  return section;
}

}  // namespace gyre
