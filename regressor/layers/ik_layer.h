// SPDX-License-Identifier: Apache-2.0
// Inverse kinematics (body/ik/inverse_kinematics.h) as a differentiable Torch module: joints in
// space, shape and twist in, rotations out. Each sample is solved in double precision on the CPU,
// all cores together; gradients come back as options().backward says, but no longer than kMaxIkGain
// times what came: the closed form's derivative has no bound where targets lie on one point, as a
// network's do before it has learnt anything. B is the batch, J the
// layout's joints, N those and the ends, S the numbers of shape (betas, then expression).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <memory>
#include <span>

#include "body/ik/inverse_kinematics.h"

namespace gyre {

// Per metre. A body's own is a tenth of it: one over the length of its bones.
inline constexpr double kMaxIkGain = 200;

struct IkInput {
  at::Tensor
      joints;        // [B,N,3] metres, of any origin; in the axes that the root's rotation takes to
  at::Tensor shape;  // [B,S]
  // [B,J,2] cosine and sine of each joint's twist about the bone to the joint that it swings, of
  // any length; undefined: no twist. Of joints that do not swing they count for nothing.
  at::Tensor twist;
  // [B,N] which joints are known: > 0. The first has to be. Undefined: all. A NaN there is unknown.
  at::Tensor confidence;
};

class IkLayerImpl : public torch::nn::Module {
 public:
  // `ends`: points beyond the last joints, whose rotations are then found too.
  IkLayerImpl(const BodyModel& model, const IkOptions& options, std::span<const IkEnd> ends = {});

  // Local rotations [B,J,3,3], root first, of the floating type of the joints. Of joints whose
  // rotation nothing tells (ends(), and those before unknown joints) it is the identity, without
  // gradient. `error`: null, or gets each sample's mean distance of the posed joints to `joints` in
  // metres [B], without gradient.
  at::Tensor forward(const IkInput& input, at::Tensor* error = nullptr) const;

  const InverseKinematics& ik() const { return *ik_; }
  const IkOptions& options() const { return ik_->options(); }
  // The joints that bear nothing, in their order.
  const std::vector<int64_t>& ends() const { return ends_; }

 private:
  std::shared_ptr<const InverseKinematics> ik_;
  int64_t num_joints_;
  std::vector<int64_t> ends_;
  at::Tensor rest_mean_, rest_dirs_;  // [1,3N], [S,3N]
};
TORCH_MODULE(IkLayer);

// `rotations` [B,J,3,3] with those of the joints `which` replaced by `others` [B,which,3,3].
at::Tensor WithRotations(const at::Tensor& rotations, const std::vector<int64_t>& which,
                         const at::Tensor& others);

}  // namespace gyre
