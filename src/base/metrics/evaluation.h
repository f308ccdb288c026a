// SPDX-License-Identifier: Apache-2.0
// Evaluates samples by a protocol. A mean error is the mean over samples of the sample's mean over
// its joints that count; PCK and AUC are over all joints of all samples. A sample whose truth lacks
// the root, the torso, the head or the vertices takes no part in the metrics that need them. Masks
// are counted over the pixels of all samples.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/meter.h"
#include "metrics/protocol.h"
#include "metrics/silhouette.h"

namespace gyre {

// One row of a result's table. For shares `value` is the share itself and median, p90 are NaN.
struct MetricResult {
  std::string key, label, unit, alignment;
  double value = 0, median = 0, p90 = 0;
  int64_t count = 0;   // samples (means), joints or pixels (shares) that counted
  int64_t failed = 0;  // those of `count` whose prediction was not finite: in no mean, never a hit
};

struct EvaluationResult {
  std::string protocol, set, root;
  int num_joints = 0, num_classes = 0;  // of masks: classes; else 0
  int64_t samples = 0;
  std::vector<MetricResult> metrics;

  const MetricResult& Get(std::string_view key) const;  // GYRE_CHECK fails for an unknown key
};

nlohmann::json ToJson(const EvaluationResult& result);  // numbers that are not finite: null
std::string FormatTable(const EvaluationResult& result);

class Evaluation {
 public:
  explicit Evaluation(const Protocol& protocol);

  // One sample of a 3D protocol: points [N,3] in metres in the order of the protocol's keypoint
  // set, visibility [N] of the truth. Vertices [V,3] in the same frame, when PVE is wanted.
  void Add(const Points3& prediction, const Points3& truth, const VecX& visibility);
  void Add(const Points3& prediction, const Points3& truth, const VecX& visibility,
           const Points3& predicted_vertices, const Points3& true_vertices);

  // One sample of a 2D protocol: pixels [N,2] in the order of its set, visibility [N] of the truth,
  // and the side of the person's box.
  void Add(const Points2& prediction_px, const Points2& truth_px, const VecX& visibility,
           double box_side_px);

  // One sample of a mask protocol: the class of every pixel, see SilhouetteMeter.
  void Add(std::span<const uint8_t> prediction, std::span<const uint8_t> truth);

  void Merge(const Evaluation& other);
  EvaluationResult Result() const;

 private:
  Protocol protocol_;
  std::vector<int> joints_, root_;  // rows of the set
  std::vector<Meter> meters_;       // one per metric of the protocol
  std::optional<SilhouetteMeter> masks_;
  int64_t samples_ = 0;
};

}  // namespace gyre
