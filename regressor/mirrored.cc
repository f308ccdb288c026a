// SPDX-License-Identifier: Apache-2.0
#include "regressor/mirrored.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include "core/error.h"

namespace gyre {
namespace {

// Sides exchanged, x turned about; [B,...,N,C].
at::Tensor Mirrored(const at::Tensor& points, const std::vector<int64_t>& partners) {
  at::Tensor mirrored =
      points.index_select(points.dim() - 2, at::tensor(partners).to(points.device()));
  mirrored.select(-1, 0).neg_();
  return mirrored;
}

}  // namespace

Output MeanOfMirrored(Network& network, const at::Tensor& keypoints) {
  const std::vector<int> permutation = network->keypoints().MirrorPermutation();
  const std::vector<int64_t> partners(permutation.begin(), permutation.end());
  Output said = network->forward(keypoints);
  if (!said.joints.defined()) {
    ThrowUserError("a network with head {} says no joints in space, of which --mirror-mean is",
                   network->options().head);
  }
  const Output other = network->forward(Mirrored(keypoints, partners));
  said.joints = (said.joints + Mirrored(other.joints, partners)) / 2;
  if (said.path.defined()) {
    said.path = (said.path + Mirrored(other.path.unsqueeze(1), {0}).squeeze(1)) / 2;
  }
  return said;
}

}  // namespace gyre
