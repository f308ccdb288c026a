// SPDX-License-Identifier: Apache-2.0
// A hand or the face among a person's keypoints, seen close up: moved, turned and sized as it is at
// rest, so that what it does stands beside how the body holds it, and missing keypoints leave the
// rest of it where it is.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <vector>

#include "body/body_model.h"
#include "body/joints.h"
#include "body/whole_body_joints.h"

namespace gyre {

class PartViewImpl : public torch::nn::Module {
 public:
  // rows: of the part's keypoints in a set. rest [n,2]: where they are at rest, y down.
  PartViewImpl(std::vector<int64_t> rows, const at::Tensor& rest);

  // places [B,N,2] of the set's keypoints, seen [B,N,1] (0 or 1) -> [B, 2n + 2]: how far each is
  // from rest after the similarity that brings those that are seen nearest to it (least squares),
  // in fifths of the part's spread at rest, at most 5 and 0 where it is not seen; and the cosine
  // and sine of how the part is turned, 0 where fewer than two are seen.
  at::Tensor forward(const at::Tensor& places, const at::Tensor& seen);
  int64_t size() const { return 2 * rows_.numel() + 2; }

 private:
  at::Tensor rows_, rest_;
};
TORCH_MODULE(PartView);

// Of the parts that a set has beside the body and `body` has, too, at rest and seen along where
// they are flattest, hands from above and the face from the front. None where `body` is null.
std::vector<PartView> PartViewsOf(const KeypointSet& set, const BodyModel* body);

}  // namespace gyre
