// SPDX-License-Identifier: Apache-2.0
// What comes before the head of a network: its input as features. A new encoder is a file in this
// folder and a line of the table in encoder.cc.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "body/body_model.h"
#include "body/joints.h"
#include "regressor/network_options.h"
#include "regressor/output.h"

namespace gyre {

class Encoder : public torch::nn::Module {
 public:
  // [B,...] -> Features, of which pooled is [B, feature_size()].
  virtual Features Encode(const at::Tensor& input) = 0;
  // The detector's networks as they were released, of a folder as FindDetectorFolder takes it.
  // UserError by encoders that have none of them.
  virtual void LoadReleased(const std::filesystem::path& folder);
  // Of its parameters those that were taught elsewhere, for good or to learn on from.
  virtual std::vector<at::Tensor> TaughtParameters() const { return {}; }
  int64_t feature_size() const { return feature_size_; }

 protected:
  int64_t feature_size_ = 0;
};

// The encoder of options.input. `set`: the keypoints that one of keypoints looks at; `body`: whose
// they are, or null.
//   kImage       [B,3,S,S] through options.backbone, see resnet.h, hourglass_stem.h and
//                blaze_pose_encoder.h
//   kKeypoints   [B,N,3] (x, y in [-1,1] of the crop, confidence), see keypoint_encoder.h
//   kSilhouette  [B,1,S,S] in [0,1], see silhouette_encoder.h
//   kClip        [B,R,N,3] as kKeypoints, of R frames, see clip_encoder.h
std::shared_ptr<Encoder> MakeEncoder(const NetworkOptions& options, const KeypointSet& set,
                                     const BodyModel* body = nullptr);

}  // namespace gyre
