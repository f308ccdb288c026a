// SPDX-License-Identifier: Apache-2.0
#include "metrics/clip_errors.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "metrics/errors.h"
#include "metrics/meter.h"

namespace gyre {
namespace {

constexpr double kMmInM = 1000;

struct ClipMetric {
  const char *key, *label, *alignment;
  bool raw, motion;
  Alignment by;  // of metrics of one frame
};
constexpr ClipMetric kClipMetrics[] = {
    {"mpjpe_mm", "MPJPE", "root", false, false, Alignment::kRoot},
    {"mpjpe_raw_mm", "MPJPE raw", "none", true, false, Alignment::kRoot},
    {"pa_mpjpe_mm", "PA-MPJPE", "Procrustes", false, false, Alignment::kProcrustes},
    {"n_mpjpe_mm", "N-MPJPE", "root and scale", false, false, Alignment::kRootScale},
    {"n_mpjpe_raw_mm", "N-MPJPE raw", "scale", true, false, Alignment::kRootScale},
    {"mpjve_mm", "MPJVE", "root", false, true, Alignment::kRoot},
    {"mpjve_raw_mm", "MPJVE raw", "none", true, true, Alignment::kRoot},
};

Vec3 OriginOf(const ClipFrame& frame, const ClipMetric& metric) {
  return metric.raw ? Vec3::Zero() : frame.said_root;
}

double FrameError(const ClipFrame& frame, const ClipMetric& metric) {
  return MeanError(kMmInM * PointErrors(frame.said, frame.truth, frame.visibility, metric.by,
                                        {OriginOf(frame, metric), frame.root}));
}

// Of a frame and the next one of its clip.
double MotionError(const ClipFrame& frame, const ClipFrame& next, const ClipMetric& metric) {
  const auto about = [](const Points3& points, const Vec3& root) {
    return Points3(points.rowwise() - root.transpose());
  };
  const Points3 said[] = {about(frame.said, OriginOf(frame, metric)),
                          about(next.said, OriginOf(next, metric))};
  const Points3 truth[] = {about(frame.truth, frame.root), about(next.truth, next.root)};
  RowMatX visibility(2, frame.visibility.size());
  visibility << frame.visibility.transpose(), next.visibility.transpose();
  return MeanError(kMmInM * MotionErrors(said, truth, visibility, /*order=*/1));
}

}  // namespace

double VelocityErrorMm(const ClipFrame& frame, const ClipFrame& next) {
  const auto metric =
      std::ranges::find(kClipMetrics, std::string_view("mpjve_mm"),
                        [](const ClipMetric& m) { return std::string_view(m.key); });
  return MotionError(frame, next, *metric);
}

std::vector<MetricResult> ClipErrors(std::vector<ClipFrame> frames) {
  std::erase_if(frames, [](const ClipFrame& frame) { return !frame.root.allFinite(); });
  std::ranges::sort(frames, [](const ClipFrame& a, const ClipFrame& b) {
    return std::tie(a.clip, a.frame) < std::tie(b.clip, b.frame);
  });
  std::vector<MetricResult> results;
  for (const ClipMetric& metric : kClipMetrics) {
    Meter meter;
    for (size_t i = 0; i < frames.size(); ++i) {
      if (!metric.motion) {
        meter.Add(FrameError(frames[i], metric));
      } else if (i + 1 < frames.size() && frames[i + 1].clip == frames[i].clip &&
                 frames[i + 1].frame == frames[i].frame + 1) {
        meter.Add(MotionError(frames[i], frames[i + 1], metric));
      }
    }
    results.push_back({metric.key, metric.label, "mm", metric.alignment, meter.Mean(),
                       meter.Median(), meter.Percentile(90), meter.count() + meter.failed(),
                       meter.failed()});
  }
  return results;
}

}  // namespace gyre
