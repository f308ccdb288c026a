// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <string>

#include "core/disk_error.h"
#include "core/error.h"
#include "core/printable.h"
#include "loop/bulk/bulk_fit.h"
#include "loop/bulk/fit_table.h"

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

namespace {

nlohmann::json DescribeQuality(const FitStatistics& statistics) {
  const Meter& quality = statistics.quality;
  nlohmann::json json = {{"quality",
                          {{"mean", quality.Mean()},
                           {"p1", quality.Percentile(1)},
                           {"p10", quality.Percentile(10)},
                           {"p50", quality.Percentile(50)}}},
                         {"worst", nlohmann::json::array()}};
  for (const DoubtfulFit& fit : statistics.worst) {
    json["worst"].push_back({{"index", fit.index},
                             {"image", fit.image},
                             {"person", fit.person},
                             {"id", fit.id},
                             {"quality", fit.quality},
                             {"reprojection_px", fit.reprojection_px},
                             {"usable", fit.usable}});
  }
  return json;
}

void PrintQuality(const FitStatistics& statistics) {
  const Meter& quality = statistics.quality;
  if (statistics.worst.empty()) return;
  fmt::print("  {:<28}{:>10}{:>10}{:>10}{:>10}\n", "quality", "mean", "p50", "p10", "p1");
  fmt::print("  {:<28}{:>10.2f}{:>10.2f}{:>10.2f}{:>10.2f}\n", "  P(PA-MPJPE below 100 mm)",
             quality.Mean(), quality.Percentile(50), quality.Percentile(10),
             quality.Percentile(1));
  for (const DoubtfulFit& fit : statistics.worst) {
    const std::string who =
        fit.image.empty() ? fmt::format("id {}", fit.id)
                          : fmt::format("{}, person {}", Printable(fit.image), fit.person);
    fmt::print("    {:.2f}  row {} ({}), {:.1f} px{}\n", fit.quality, fit.index, who,
               fit.reprojection_px, fit.usable ? "" : ", refused");
  }
}

}  // namespace

void ReportFits(const fs::path& out, const FitReport& report, bool as_json) {
  const FitStatistics statistics = ReadStatistics(out);
  const auto fitted = report.fitted;
  const double seconds = report.seconds, rate = fitted > 0 ? fitted / seconds : 0;
  const auto& sequence = report.sequence;
  const bool by_network = report.bodies == BodiesFrom::kNetwork;
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
                           {"left_out", report.left_out},
                           {"reprojection_px", meter(statistics.reprojection_px)},
                           {"reprojection_crop_px", meter(statistics.reprojection_crop_px)},
                           {by_network ? "predicted_now" : "fitted_now", fitted},
                           {"seconds", seconds},
                           {by_network ? "persons_per_second" : "fits_per_second", rate}};
    if (!by_network) json.update(DescribeQuality(statistics));
    if (sequence) {
      json["tracks"] = sequence->tracks;
      json["bridged"] = sequence->bridged;
      json["far_from_keypoints"] = sequence->far;
      json["acceleration_alone_m_s2"] = sequence->AccelerationAlone();
      json["acceleration_m_s2"] = sequence->Acceleration();
    }
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: {} persons", out.string(), statistics.persons);
  if (fitted > 0)
    fmt::print(", {} now in {:.1f} s, {:.1f} {}/s", fitted, seconds, rate,
               by_network ? "persons" : "fits");
  fmt::print("\n  {:<28}{:>10}\n", by_network ? "predicted" : "fitted", statistics.usable);
  for (const auto& [reason, count] : statistics.refused) {
    fmt::print("  {:<28}{:>10}\n", "refused: " + reason, count);
  }
  for (const auto& [kind, count] : report.left_out) {
    fmt::print("  {:<28}{:>10}\n", "left out: " + kind, count);
  }
  if (statistics.reprojection_px.count() == 0) return;  // nobody, or nobody with keypoints
  fmt::print("  {:<28}{:>10}{:>10}{:>10}{:>10}\n", "reprojection", "mean", "p50", "p90", "p99");
  const auto line = [](const char* name, const Meter& m) {
    fmt::print("  {:<28}{:>10.2f}{:>10.2f}{:>10.2f}{:>10.2f}\n", name, m.Mean(), m.Percentile(50),
               m.Percentile(90), m.Percentile(99));
  };
  line("  px of the image", statistics.reprojection_px);
  line("  px of the 224 px crop", statistics.reprojection_crop_px);
  if (!by_network) PrintQuality(statistics);
  if (!sequence) return;
  fmt::print("  {:<28}{:>10}\n", "tracks", sequence->tracks);
  fmt::print("  {:<28}{:>10}\n", "bridged by the motion", sequence->bridged);
  fmt::print("  {:<28}{:>10}\n", "far from their keypoints", sequence->far);
  fmt::print("  {:<28}{:>10.2f} m/s^2, frame by frame {:.2f}\n", "acceleration of joints",
             sequence->Acceleration(), sequence->AccelerationAlone());
}

}  // namespace gyre
