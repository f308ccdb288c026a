// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/pavlakos18_head.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <string>
#include <utility>

#include "core/error.h"
#include "regressor/layers/human2d.h"
#include "regressor/network.h"

namespace gyre {
namespace {

// The side of the mask that ShapePrior looks at: of a quarter of the picture's, or a little more,
// since it halves the mask five times.
int MaskSide(const NetworkOptions& options) { return (options.image_px / 4 + 31) / 32 * 32; }

// A network of preset prior18.
Network MakePrior(NetworkOptions options, NetworkInput input, const NetworkSetting& setting) {
  options.keypoints = std::string(UvdSetOf(options).name);
  options.uvd_set = "";
  options.input = input;
  options.image_px = MaskSide(options);
  options.backbone = NetworkOptions().backbone;  // of pictures alone
  options.head = "hmr";
  return Network(options, setting);
}

class Pavlakos18Head : public Head {
 public:
  Pavlakos18Head(const NetworkOptions& options, const NetworkSetting& setting)
      : mask_side_(MaskSide(options)),
        human2d(register_module("human2d", Human2d(options, UvdSetOf(options)))),
        pose_prior(
            register_module("pose_prior", MakePrior(options, NetworkInput::kKeypoints, setting))),
        shape_prior(register_module("shape_prior",
                                    MakePrior(options, NetworkInput::kSilhouette, setting))) {}

  Output Regress(const Features& features) override {
    Output output;
    human2d->AddTo(features, &output);
    const at::Tensor sure =
        output.heat_maps.back().flatten(2).amax({2}, /*keepdim=*/true).clamp(0, 1);
    Output posed = pose_prior->forward(at::cat({output.uvd.narrow(2, 0, 2), sure}, 2));
    at::Tensor mask = at::softmax(output.masks.back(), 1).narrow(1, 1, 1);
    if (mask.size(2) != mask_side_) mask = at::upsample_nearest2d(mask, {mask_side_, mask_side_});
    Output shaped = shape_prior->forward(mask);
    output.rotations = std::move(posed.rotations);
    output.camera = std::move(posed.camera);
    output.betas = std::move(shaped.betas);
    output.expression = std::move(shaped.expression);
    return output;
  }

 private:
  int64_t mask_side_;
  Human2d human2d;
  Network pose_prior, shape_prior;
};

}  // namespace

std::shared_ptr<Head> MakePavlakos18Head(const NetworkOptions& options,
                                         const NetworkSetting& setting, int64_t /*feature_size*/) {
  if (!setting.body) ThrowUserError("head pavlakos18 gives bodies; it needs a --body");
  return std::make_shared<Pavlakos18Head>(options, setting);
}

std::vector<std::vector<NameRule>> Pavlakos18Parts() {
  return {{{"encoder.", "encoder."}, {"head.human2d.", "head.human2d."}},
          {{"head.pose_prior.encoder.", ""}, {"head.pose_prior.head.", ""}},
          {{"head.shape_prior.encoder.", ""}, {"head.shape_prior.head.", ""}}};
}

}  // namespace gyre
