// SPDX-License-Identifier: Apache-2.0
#include "metrics/evaluation.h"

#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/counted.h"
#include "core/error.h"
#include "metrics/errors.h"
#include "metrics/keypoint_scale.h"

namespace gyre {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr double kMmPerM = 1000;

// Whether a metric is a share of joints or pixels rather than a mean error.
bool IsShare(MetricKind kind) {
  using enum MetricKind;
  return kind == kPck150 || kind == kAuc || kind == kPaPck150 || kind == kPaAuc ||
         kind == kPck20Torso || kind == kPckh50 || kind == kAccuracy || kind == kF1;
}

// What a meter's values mean for a metric.
double Value(MetricKind kind, const Meter& meter) {
  using enum MetricKind;
  switch (kind) {
    case kPck150:
    case kPaPck150:
      return meter.ShareBelow(150);
    case kAuc:
    case kPaAuc:
      return meter.AreaUnderCurve(AucThresholdsMm());
    case kPck20Torso:
      return meter.ShareBelow(0.2);
    case kPckh50:
      return meter.ShareBelow(0.5);
    default:
      return meter.Mean();
  }
}

// The mean of the root joints; NaN when one of them is not visible.
Vec3 RootOf(const Points3& points, const VecX& visibility, const std::vector<int>& root) {
  for (int row : root) {
    if (!(visibility[row] > 0)) return Vec3::Constant(kUndefined);
  }
  return points(root, Eigen::all).colwise().mean().transpose();
}

std::vector<int> RowsOf(const std::string& set, const std::vector<std::string>& names) {
  std::vector<int> rows;
  for (const std::string& name : names) {
    rows.push_back(FindKeypointSet(set).IndexOf(name));
    GYRE_CHECK(rows.back() >= 0, "set {} lacks \"{}\"", set, name);
  }
  return rows;
}

nlohmann::json NumberOrNull(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

std::string FormatNumber(double value, std::string_view unit) {
  if (std::isnan(value)) return "-";
  return unit == "mm" ? fmt::format("{:.1f}", value) : fmt::format("{:.4f}", value);
}

}  // namespace

const MetricResult& EvaluationResult::Get(std::string_view key) const {
  for (const MetricResult& metric : metrics) {
    if (metric.key == key) return metric;
  }
  GYRE_CHECK(false, "protocol {} has no metric \"{}\"", protocol, key);
  return metrics.front();
}

Evaluation::Evaluation(const Protocol& protocol)
    : protocol_(protocol),
      joints_(RowsOf(protocol.set, protocol.joints)),
      root_(RowsOf(protocol.set, protocol.root)),
      meters_(protocol.metrics.size()) {
  if (!protocol.classes.empty()) masks_.emplace(static_cast<int>(protocol.classes.size()));
}

void Evaluation::Add(const Points3& prediction, const Points3& truth, const VecX& visibility) {
  Add(prediction, truth, visibility, Points3(0, 3), Points3(0, 3));
}

void Evaluation::Add(const Points3& prediction, const Points3& truth, const VecX& visibility,
                     const Points3& predicted_vertices, const Points3& true_vertices) {
  GYRE_CHECK(!protocol_.InImage(), "protocol {} is 2D", protocol_.name);
  const int set_size = FindKeypointSet(protocol_.set).size();
  GYRE_CHECK(
      prediction.rows() == set_size && truth.rows() == set_size && visibility.size() == set_size,
      "protocol {} takes the {} points of {}", protocol_.name, set_size, protocol_.set);
  ++samples_;
  const Roots roots{RootOf(prediction, visibility, root_), RootOf(truth, visibility, root_)};
  const Points3 p = prediction(joints_, Eigen::all), g = truth(joints_, Eigen::all);
  const VecX visible = visibility(joints_);
  const auto joint_errors = [&](Alignment alignment) -> VecX {
    return kMmPerM * PointErrors(p, g, visible, alignment, roots);
  };
  for (size_t i = 0; i < meters_.size(); ++i) {
    using enum MetricKind;
    switch (protocol_.metrics[i]) {
      case kMpjpe:
        meters_[i].Add(MeanError(joint_errors(Alignment::kRoot)));
        break;
      case kNMpjpe:
        meters_[i].Add(MeanError(joint_errors(Alignment::kRootScale)));
        break;
      case kPaMpjpe:
        meters_[i].Add(MeanError(joint_errors(Alignment::kProcrustes)));
        break;
      case kPve:
        meters_[i].Add(MeanError(kMmPerM * PointErrors(predicted_vertices, true_vertices,
                                                       VecX::Ones(true_vertices.rows()),
                                                       Alignment::kRoot, roots)));
        break;
      case kPck150:
      case kAuc:
        meters_[i].Add(joint_errors(Alignment::kRoot));
        break;
      case kPaPck150:
      case kPaAuc:
        meters_[i].Add(joint_errors(Alignment::kProcrustes));
        break;
      default:
        GYRE_CHECK(false, "2D metric in the 3D protocol {}", protocol_.name);
    }
  }
}

void Evaluation::Add(const Points2& prediction_px, const Points2& truth_px, const VecX& visibility,
                     double box_side_px) {
  GYRE_CHECK(protocol_.truth == Truth::kKeypoints, "protocol {} has no keypoints", protocol_.name);
  GYRE_CHECK(box_side_px > 0, "box side {}", box_side_px);
  const KeypointSet& set = FindKeypointSet(protocol_.set);
  ++samples_;
  const Points2 p = prediction_px(joints_, Eigen::all), g = truth_px(joints_, Eigen::all);
  const VecX errors_px = PointErrors(p, g, visibility(joints_));
  for (size_t i = 0; i < meters_.size(); ++i) {
    using enum MetricKind;
    switch (protocol_.metrics[i]) {
      case kPck20Torso:
        if (const auto torso = TorsoDiameterPx(truth_px, visibility, set)) {
          meters_[i].Add(VecX(errors_px / *torso));
        }
        break;
      case kPckh50:
        if (const auto head = HeadLengthPx(truth_px, visibility, set)) {
          meters_[i].Add(VecX(errors_px / *head));
        }
        break;
      case kBoxError:
        meters_[i].Add(MeanError(errors_px / box_side_px));
        break;
      default:
        GYRE_CHECK(false, "3D metric in the 2D protocol {}", protocol_.name);
    }
  }
}

void Evaluation::Add(std::span<const uint8_t> prediction, std::span<const uint8_t> truth) {
  GYRE_CHECK(masks_.has_value(), "protocol {} has no masks", protocol_.name);
  ++samples_;
  masks_->Add(prediction, truth);
}

void Evaluation::Merge(const Evaluation& other) {
  GYRE_CHECK(other.protocol_.name == protocol_.name);
  if (masks_) masks_->Merge(*other.masks_);
  for (size_t i = 0; i < meters_.size(); ++i) meters_[i].Merge(other.meters_[i]);
  samples_ += other.samples_;
}

EvaluationResult Evaluation::Result() const {
  EvaluationResult result{protocol_.name,
                          protocol_.set,
                          fmt::format("{}", fmt::join(protocol_.root, ", ")),
                          static_cast<int>(joints_.size()),
                          static_cast<int>(protocol_.classes.size()),
                          samples_,
                          {}};
  for (size_t i = 0; i < meters_.size(); ++i) {
    const MetricKind kind = protocol_.metrics[i];
    const MetricInfo& info = Info(kind);
    const Meter& meter = meters_[i];
    MetricResult metric = {std::string(info.key),
                           std::string(info.label),
                           std::string(info.unit),
                           std::string(info.alignment),
                           Value(kind, meter),
                           IsShare(kind) ? kUndefined : meter.Median(),
                           IsShare(kind) ? kUndefined : meter.Percentile(90),
                           meter.count() + meter.failed(),
                           meter.failed()};
    if (masks_) {
      metric.value = kind == MetricKind::kF1 ? masks_->MeanF1() : masks_->Accuracy();
      metric.count = masks_->pixels();
    }
    result.metrics.push_back(std::move(metric));
  }
  return result;
}

nlohmann::json ToJson(const EvaluationResult& result) {
  nlohmann::json json = {{"protocol", result.protocol},
                         {"keypoint_set", result.set},
                         {"joints", result.num_joints},
                         {"root", result.root},
                         {"samples", result.samples}};
  if (result.num_classes > 0) json["classes"] = result.num_classes;
  for (const MetricResult& metric : result.metrics) {
    json["metrics"][metric.key] = {{"label", metric.label},
                                   {"unit", metric.unit},
                                   {"alignment", metric.alignment},
                                   {"value", NumberOrNull(metric.value)},
                                   {"median", NumberOrNull(metric.median)},
                                   {"p90", NumberOrNull(metric.p90)},
                                   {"count", metric.count},
                                   {"failed", metric.failed}};
  }
  return json;
}

std::string FormatTable(const EvaluationResult& result) {
  std::string text = fmt::format(
      "{}: {}, {}{}\n", result.protocol, Counted(result.samples, "samples"),
      result.num_classes > 0 ? fmt::format("{} classes of pixels", result.num_classes)
                             : fmt::format("{} joints of {}", result.num_joints, result.set),
      result.root.empty() ? "" : ", root " + result.root);
  text += fmt::format("{:<14} {:>9} {:>9} {:>9} {:<6} {:<15} {:>8} {:>7}\n", "metric", "value",
                      "median", "p90", "unit", "alignment", "count", "failed");
  for (const MetricResult& m : result.metrics) {
    text += fmt::format("{:<14} {:>9} {:>9} {:>9} {:<6} {:<15} {:>8} {:>7}\n", m.label,
                        FormatNumber(m.value, m.unit), FormatNumber(m.median, m.unit),
                        FormatNumber(m.p90, m.unit), m.unit, m.alignment, m.count, m.failed);
  }
  return text;
}

}  // namespace gyre
