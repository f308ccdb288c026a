// SPDX-License-Identifier: Apache-2.0
#include "loop/evaluation/body_errors.h"

#include <algorithm>
#include <vector>

#include "loop/evaluation/sample_evaluation.h"
#include "metrics/evaluation.h"
#include "person/crops.h"

namespace gyre {

Protocol SyntheticJoints() {
  Protocol protocol = FindProtocol("synthetic");
  std::erase(protocol.metrics, MetricKind::kPve);
  return protocol;
}

double SampleError(const Dataset& set, const Person& sample, const BodyParams& params,
                   const EvaluationBody& body) {
  SampleEvaluation one(sample.params ? SyntheticJoints() : FindProtocol("lsp-2d"), body);
  one.Add(set, sample, params);
  return one.Result().Get(sample.params ? "pa_mpjpe_mm" : "box_error").value;
}

void AddHeldOutErrors(const Person& sample, const BodyParams& params, const EvaluationBody& body,
                      Meter* errors) {
  if (sample.held_out.empty()) return;
  const Camera camera = ImageCamera(sample);
  const Points3 joints = body.Joints(params);
  for (const int joint : sample.held_out) {
    const Vec2 pixel = camera.Project(joints.row(joint).transpose());
    errors->Add((pixel - sample.keypoints.px.row(joint).transpose()).norm() /
                sample.held_out_unit_px);
  }
}

Meter TruthErrors(const Dataset& data, const BodyOfSample& body_of, const EvaluationBody& body,
                  const DataShards& data_shards) {
  Protocol protocol = FindProtocol("synthetic");
  protocol.metrics = {MetricKind::kPaMpjpe};
  Meter errors;
  for (int64_t i = data_shards.rank; i < data.size(); i += data_shards.ranks) {
    const Person sample = data.Get(i);
    if (!sample.params) continue;
    const std::optional<BodyParams> params = body_of(sample);
    if (!params) continue;
    Evaluation one(protocol);
    const Points3 truth = body.Joints(*sample.params);
    one.Add(body.Joints(*params), truth, VecX::Ones(truth.rows()));
    errors.Add(one.Result().Get("pa_mpjpe_mm").value);
  }
  return errors;
}

Meter HeldOutErrors(const Dataset& data, const BodyOfSample& body_of, const EvaluationBody& body,
                    const DataShards& data_shards) {
  Meter errors;
  for (int64_t i = data_shards.rank; i < data.size(); i += data_shards.ranks) {
    const Person sample = data.Get(i);
    if (sample.held_out.empty()) continue;
    const std::optional<BodyParams> params = body_of(sample);
    if (params) AddHeldOutErrors(sample, *params, body, &errors);
  }
  return errors;
}

}  // namespace gyre
