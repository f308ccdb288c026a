// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_output.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "core/disk_error.h"
#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "io/image.h"
#include "render/overlay.h"

namespace gyre {

namespace fs = std::filesystem;

fs::path ResolveOut(const fs::path& out) {
  if (!fs::is_symlink(fs::symlink_status(out))) return out;
  std::error_code error;
  const fs::path target = fs::canonical(out, error);
  if (error) {
    ThrowUserError("--out {}: is a link that leads nowhere; choose another name", out.string());
  }
  return target;
}

void CheckOut(const fs::path& out) {
  const fs::path folder = fs::absolute(out).parent_path();
  if (!fs::is_directory(folder)) {
    ThrowUserError("--out {}: the folder {} is not there; create it first", out.string(),
                   folder.string());
  }
  if (fs::exists(out) && !fs::is_regular_file(out)) {
    ThrowUserError("--out {}: is not a regular file; choose another name", out.string());
  }
  if (access(folder.c_str(), W_OK) != 0) {
    ThrowUserError("--out {}: cannot write in {}: {}", out.string(), folder.string(),
                   DiskErrorText(errno));
  }
}

void RemoveTemporaries(const fs::path& out) {
  const std::string prefix = out.filename().string() + ".tmp";
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::absolute(out).parent_path())) {
    std::error_code ignored;
    if (entry.path().filename().string().starts_with(prefix)) fs::remove(entry.path(), ignored);
  }
}

void WriteOverlays(const fs::path& folder, int64_t max, const BodyModel& body,
                   const Journal& journal, const FitRow& like) {
  std::map<std::string, std::vector<int64_t>> by_image;
  const auto row_at = [&](int64_t i) { return DecodeRow(journal.Read(i, 1)[0], like); };
  for (int64_t i = 0; i < journal.size(); ++i) {
    const FitRow row = row_at(i);
    if (row.image_path.empty() || !row.usable) continue;
    const bool full = max > 0 && static_cast<int64_t>(by_image.size()) == max;
    if (!full || by_image.contains(row.image_path)) by_image[row.image_path].push_back(i);
  }
  MakeFolder(folder);
  Progress progress("drawing", "pictures", static_cast<int64_t>(by_image.size()));
  for (const auto& [path, places] : by_image) {
    std::vector<FitRow> rows;
    for (const int64_t i : places) rows.push_back(row_at(i));
    // By size, not by depth: persons may be seen by cameras of their own.
    std::stable_sort(rows.begin(), rows.end(), [](const FitRow& a, const FitRow& b) {
      return a.pixel_scale > b.pixel_scale;
    });
    progress.Advance();
    cv::Mat picture;
    try {
      picture = ReadImage(path);
    } catch (const UserError& error) {
      spdlog::warn("{}; it is not drawn", error.what());
      continue;
    }
    for (const FitRow& row : rows) {
      const PosedBody posed = PoseBody(body, row.params);
      picture = DrawBodyOverlay(picture, posed.vertices, body.faces, row.camera);
    }
    WriteImage(folder / (fs::path(path).stem().string() + ".png"), picture);
  }
}

void ReportFits(const fs::path& out, int64_t fitted, double seconds, bool as_json,
                const std::optional<SequenceReport>& sequence) {
  const FitStatistics statistics = ReadStatistics(out);
  const double rate = fitted > 0 ? fitted / seconds : 0;
  if (as_json) {
    const auto meter = [](const Meter& m) {
      return nlohmann::json{{"mean", m.Mean()},
                            {"p50", m.Percentile(50)},
                            {"p90", m.Percentile(90)},
                            {"p99", m.Percentile(99)}};
    };
    nlohmann::json json = {{"out", out.string()},
                           {"persons", statistics.persons},
                           {"usable", statistics.usable},
                           {"refused", statistics.refused},
                           {"reprojection_px", meter(statistics.reprojection_px)},
                           {"reprojection_crop_px", meter(statistics.reprojection_crop_px)},
                           {"fitted_now", fitted},
                           {"seconds", seconds},
                           {"fits_per_second", rate}};
    if (sequence) {
      json["bridged"] = sequence->bridged;
      json["acceleration_alone_m_s2"] = sequence->acceleration_alone_m_s2;
      json["acceleration_m_s2"] = sequence->acceleration_m_s2;
    }
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: {} persons", out.string(), statistics.persons);
  if (fitted > 0) fmt::print(", {} now in {:.1f} s, {:.1f} fits/s", fitted, seconds, rate);
  fmt::print("\n  {:<28}{:>10}\n", "fitted", statistics.usable);
  for (const auto& [reason, count] : statistics.refused) {
    fmt::print("  {:<28}{:>10}\n", "refused: " + reason, count);
  }
  if (statistics.usable == 0) return;
  fmt::print("  {:<28}{:>10}{:>10}{:>10}{:>10}\n", "reprojection", "mean", "p50", "p90", "p99");
  const auto line = [](const char* name, const Meter& m) {
    fmt::print("  {:<28}{:>10.2f}{:>10.2f}{:>10.2f}{:>10.2f}\n", name, m.Mean(), m.Percentile(50),
               m.Percentile(90), m.Percentile(99));
  };
  line("  px of the image", statistics.reprojection_px);
  line("  px of the 224 px crop", statistics.reprojection_crop_px);
  if (!sequence) return;
  fmt::print("  {:<28}{:>10}\n", "bridged by the motion", sequence->bridged);
  fmt::print("  {:<28}{:>10.2f} m/s^2, frame by frame {:.2f}\n", "acceleration of joints",
             sequence->acceleration_m_s2, sequence->acceleration_alone_m_s2);
}

}  // namespace gyre
