// SPDX-License-Identifier: Apache-2.0
// A body of mean shape that has its joints where they are seen, without a parameter to learn:
//   scale      by the lengths of limbs (limb_lift.h), the pairs of joints that stand rigidly apart,
//              within a factor of three of that at which the body at rest fills the crop
//   skeleton   kinematic joints among those of the set (body/set_geometry.h)
//   rotations  by inverse kinematics (ik_layer.h), of joints that the set tells; without twist
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "body/body_model.h"
#include "body/pose_prior.h"
#include "regressor/layers/ik_layer.h"
#include "regressor/layers/limb_lift.h"
#include "regressor/output.h"

namespace gyre {

class UvdBodyImpl : public torch::nn::Module {
 public:
  // UserError where the set has too few joints of the body.
  UvdBodyImpl(const BodyModel& model, const PosePrior* prior, const KeypointSet& set);

  // Fills rotations, betas, expression and camera from output->uvd [B,M,3]. Differentiable, but for
  // the scale.
  void AddTo(Output* output) const;

 private:
  int64_t num_betas_, num_expression_;
  std::vector<Limb> limbs_;
  double extent_m_;                            // of the skeleton at rest
  at::Tensor weights_, known_, root_at_rest_;  // [J,M], [1,J], [1,3]
  IkLayer ik;
};
TORCH_MODULE(UvdBody);

}  // namespace gyre
