// SPDX-License-Identifier: Apache-2.0
// How far the bodies of samples are from what is known of them.
#pragma once

#include <functional>
#include <optional>

#include "datasets/dataset.h"
#include "datasets/decorators/data_shards.h"
#include "loop/evaluation/evaluation_body.h"
#include "metrics/meter.h"
#include "metrics/protocol.h"

namespace gyre {

// The body of a sample in the camera frame of its image; empty where there is none.
using BodyOfSample = std::function<std::optional<BodyParams>(const Person&)>;

// The protocol "synthetic" without its vertices: a mesh takes 5 ms to pose.
Protocol SyntheticJoints();

// PA-MPJPE in mm where the sample has a true body, else the mean error of LSP's joints as a share
// of the box's side.
double SampleError(const Dataset& set, const Person& sample, const BodyParams& params,
                   const EvaluationBody& body);

// How far from the keypoints that were held out, see Person::held_out_unit_px.
void AddHeldOutErrors(const Person& sample, const BodyParams& params, const EvaluationBody& body,
                      Meter* errors);

// Of the rank's own samples that have a body: PA-MPJPE (mm) against their truth, and the errors at
// the keypoints that were held out.
Meter TruthErrors(const Dataset& data, const BodyOfSample& body_of, const EvaluationBody& body,
                  const DataShards& data_shards = {});
Meter HeldOutErrors(const Dataset& data, const BodyOfSample& body_of, const EvaluationBody& body,
                    const DataShards& data_shards = {});

}  // namespace gyre
