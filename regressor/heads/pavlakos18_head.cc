// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/pavlakos18_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>

#include "core/error.h"
#include "regressor/encoders/keypoint_encoder.h"
#include "regressor/encoders/silhouette_encoder.h"
#include "regressor/heads/hmr_head.h"
#include "regressor/layers/human2d.h"
#include "regressor/rotation.h"

namespace gyre {
namespace {

constexpr int kSmallestMask = 32;  // five halvings

// The side of the mask that ShapePrior looks at.
int MaskSide(const NetworkOptions& options) {
  return std::max(options.image_px / 4, kSmallestMask);
}

NetworkOptions OfMask(NetworkOptions options) {
  options.image_px = MaskSide(options);
  return options;
}

// Pose and camera alone.
MeanParams WithoutShape(MeanParams mean) {
  mean.betas.resize(0);
  mean.expression.resize(0);
  return mean;
}

class Pavlakos18Head : public Head {
 public:
  Pavlakos18Head(const NetworkOptions& options, const BodyLayout& layout, const MeanParams& mean)
      : mask_side_(MaskSide(options)),
        num_joints_(layout.num_joints()),
        num_expression_(layout.num_expression),
        human2d(register_module("human2d", Human2d(options, UvdSetOf(options)))),
        pose_prior(register_module("pose_prior", MakeKeypointEncoder(options, UvdSetOf(options)))),
        pose(register_module("pose", std::make_shared<HmrHead>(options, pose_prior->feature_size(),
                                                               WithoutShape(mean)))),
        shape_prior(register_module("shape_prior",
                                    MakeSilhouetteEncoder(OfMask(options), UvdSetOf(options)))),
        shape(register_module("shape",
                              torch::nn::Linear(shape_prior->feature_size(), layout.num_betas))) {
    torch::nn::init::xavier_uniform_(shape->weight, /*gain=*/0.01);
    torch::nn::init::zeros_(shape->bias);
  }

  Output Regress(const Features& features) override {
    Output output;
    human2d->AddTo(features, &output);
    const at::Tensor sure =
        output.heat_maps.back().flatten(2).amax({2}, /*keepdim=*/true).clamp(0, 1);
    const at::Tensor seen = at::cat({output.uvd.narrow(2, 0, 2), sure}, 2);
    const at::Tensor state = pose->RegressState(pose_prior->Encode(seen).pooled);
    const int64_t pose_size = 6 * num_joints_;
    output.rotations =
        RotationFromSixD(state.narrow(1, 0, pose_size).reshape({-1, num_joints_, 6}));
    output.camera = state.narrow(1, pose_size, 3);
    at::Tensor mask = at::softmax(output.masks.back(), 1).narrow(1, 1, 1);
    if (mask.size(2) != mask_side_) mask = at::upsample_nearest2d(mask, {mask_side_, mask_side_});
    output.betas = shape(shape_prior->Encode(mask).pooled).to(at::kFloat);
    if (num_expression_ > 0) {
      output.expression =
          at::zeros({output.betas.size(0), num_expression_}, output.betas.options());
    }
    return output;
  }

 private:
  int64_t mask_side_, num_joints_, num_expression_;
  Human2d human2d;
  std::shared_ptr<Encoder> pose_prior;
  std::shared_ptr<HmrHead> pose;
  std::shared_ptr<Encoder> shape_prior;
  torch::nn::Linear shape;
};

}  // namespace

std::shared_ptr<Head> MakePavlakos18Head(const NetworkOptions& options,
                                         const NetworkSetting& setting, int64_t /*feature_size*/) {
  if (!setting.body) ThrowUserError("head pavlakos18 gives bodies; it needs a --body");
  return std::make_shared<Pavlakos18Head>(
      options, *setting.body->layout,
      MeanParams::FromPrior(*setting.body->layout, setting.prior.get()));
}

}  // namespace gyre
