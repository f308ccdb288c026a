// SPDX-License-Identifier: Apache-2.0
// What passes between the parts of a network: an encoder makes Features of what it looks at, a head
// makes an Output of these. B is the batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "body/joints.h"

namespace gyre {

struct Features {
  at::Tensor pooled;             // [B,F]
  std::vector<at::Tensor> maps;  // [B,C,H,W] each, the coarsest last; none where nothing is a map
};

// What is said of each input. A head fills the tensors that it knows, the others stay undefined, so
// that an output says itself what it holds: losses, predictions and reports ask for tensors, never
// for the head that they came from.
struct Output {
  at::Tensor rotations;   // [B,J,3,3] of the layout's joints; the root's takes body to camera axes
  at::Tensor betas;       // [B,S]
  at::Tensor expression;  // [B,E]
  at::Tensor camera;      // [B,3] weak perspective (s, tx, ty), see projection.h
  at::Tensor vertices;    // [B,V,3] metres in camera axes, without translation
  at::Tensor joints;      // [B,N,3] of `set`, likewise
  at::Tensor keypoints;   // [B,N,2] of `set` in the crop, in [-1,1]
  at::Tensor heat_maps;   // [B,N,(D,)H,W] of `set`
  at::Tensor uncertainty;  // [B,N] of `set`: natural logarithm of a standard deviation
  // What the joints are; null while there are none.
  const KeypointSet* set = nullptr;

  // Calls visit(name, tensor) for every tensor, the undefined ones too.
  template <typename Visitor>
  void VisitTensors(Visitor&& visit) const {
    visit("rotations", rotations);
    visit("betas", betas);
    visit("expression", expression);
    visit("camera", camera);
    visit("vertices", vertices);
    visit("joints", joints);
    visit("keypoints", keypoints);
    visit("heat_maps", heat_maps);
    visit("uncertainty", uncertainty);
  }
  // Whether it says a whole body and where it stands.
  bool HasBody() const { return rotations.defined() && betas.defined() && camera.defined(); }
};

}  // namespace gyre
