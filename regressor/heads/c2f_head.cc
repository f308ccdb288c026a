// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/c2f_head.h"

#include <torch/nn/modules/linear.h>

#include "body/joints.h"
#include "core/error.h"
#include "regressor/layers/uvd_body.h"
#include "regressor/layers/volume_stack.h"
#include "regressor/layers/volumes.h"

namespace gyre {
namespace {

class C2fHead : public Head {
 public:
  C2fHead(const NetworkOptions& options, const NetworkSetting& setting, const KeypointSet& set)
      : set_(set),
        depth_m_(options.volume_depth_m),
        decode_(options.decode),
        stack(
            register_module("stack", VolumeStack(options.width, set.size(), options.VolumeDepths(),
                                                 VolumeStackImpl::HalvingsOf(options.image_px)))) {
    if (setting.body) {
      body = register_module("body", UvdBody(*setting.body, setting.prior.get(), set));
    }
    if (options.VolumeDepths().empty()) {
      regression = register_module("regression",
                                   torch::nn::Linear(stack->feature_channels(), 3 * set.size()));
    }
  }

  Output Regress(const Features& features) override {
    GYRE_CHECK(features.maps.size() == 2);
    const StackedVolumes said = stack(features.maps[0], features.maps[1]);
    Output output;
    output.uvd_set = &set_;
    for (const at::Tensor& volumes : said.volumes) {
      output.heat_maps.push_back(volumes.to(at::kFloat));
    }
    if (regression.is_empty()) {
      output.volume_depth_m = depth_m_;
      const at::Tensor& finest = output.heat_maps.back();
      output.uvd =
          UvdFromCells(decode_ == VolumeDecode::kHard ? HardArgmax(finest) : PeakPlace(finest),
                       SizeOf(finest), depth_m_);
    } else {
      output.uvd = regression(said.features.mean({2, 3})).view({-1, set_.size(), 3}).to(at::kFloat);
    }
    if (!body.is_empty()) body->AddTo(&output);
    return output;
  }

 private:
  const KeypointSet& set_;
  double depth_m_;
  VolumeDecode decode_;
  VolumeStack stack;
  UvdBody body{nullptr};  // none without a body
  torch::nn::Linear regression{nullptr};
};

}  // namespace

std::shared_ptr<Head> MakeC2fHead(const NetworkOptions& options, const NetworkSetting& setting,
                                  int64_t /*feature_size*/) {
  if (options.input != NetworkInput::kImage || options.backbone != Backbone::kHourglass) {
    ThrowUserError(
        "head c2f stands behind what hourglasses begin with; it needs --network.input image and "
        "--network.backbone hourglass");
  }
  return std::make_shared<C2fHead>(options, setting, UvdSetOf(options));
}

}  // namespace gyre
