// SPDX-License-Identifier: Apache-2.0
// Bodies against samples of data sets, by a named protocol.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "loop/evaluation/evaluation_body.h"
#include "metrics/evaluation.h"
#include "render/rasteriser.h"

namespace gyre {

// What some protocols need and nobody may ship.
struct ProtocolFiles {
  SparseRows h36m_regressor;                      // for NeedsH36mRegressor: see h36m_regressor.h
  std::shared_ptr<const BodyModel> male, female;  // for Truth::kGenderedBody
};

class SampleEvaluation {
 public:
  // `body` has to outlive it.
  SampleEvaluation(Protocol protocol, const EvaluationBody& body, ProtocolFiles files = {});

  // A body in the camera frame of the sample's image (that of its box when the image's is unknown).
  // False when the sample is left out, because it has no truth of the protocol's kind or is not of
  // its pictures. UserError when `set`, the sample's, has no mask for it.
  bool Add(const Dataset& set, const Person& sample, const BodyParams& params);

  const Protocol& protocol() const { return protocol_; }
  int64_t samples() const { return samples_; }
  int64_t left_out() const { return left_out_; }
  // Why: "row 3 of spin has no true 3D joints (...)"; empty when none was.
  const std::string& first_left_out() const { return first_left_out_; }
  EvaluationResult Result() const { return evaluation_.Result(); }

 private:
  struct Points {
    Points3 joints, vertices;  // of the protocol's set; vertices only where a metric asks for them
  };
  Points PointsOf(const BodyModel& model, const BodyParams& params) const;
  std::string WhyLeftOut(const Person& sample) const;
  void AddKeypoints(const Person& sample, const BodyParams& params);
  void AddMask(const ImageBuffer& truth, const Person& sample, const BodyParams& params);

  Protocol protocol_;
  const EvaluationBody* body_;
  ProtocolFiles files_;
  Evaluation evaluation_;
  std::vector<int> spin_positions_;     // of the protocol's set among SPIN's 49
  std::vector<uint8_t> class_of_face_;  // for masks
  RasterBuffers raster_;
  int64_t samples_ = 0, left_out_ = 0;
  std::string first_left_out_;
};

}  // namespace gyre
