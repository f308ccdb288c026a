// SPDX-License-Identifier: Apache-2.0
#include "regressor/encoders/hourglass_stem.h"

#include <ATen/ops/max_pool2d.h>

#include "regressor/layers/hourglass.h"

namespace gyre {
namespace {

class HourglassStem : public Encoder {
 public:
  explicit HourglassStem(int64_t width)
      : conv(register_module("conv", PaddedConvolution(3, width, 7, /*stride=*/2))),
        bn(register_module("bn", BatchNorm(width))),
        before(register_module("before", PreActivation(width, 2 * width))),
        behind1(register_module("behind1", PreActivation(2 * width, 2 * width))),
        behind2(register_module("behind2", PreActivation(2 * width, 2 * width))),
        behind3(register_module("behind3", PreActivation(2 * width, 4 * width))) {
    feature_size_ = 4 * width;
  }

  Features Encode(const at::Tensor& images) override {
    const at::Tensor pooled = at::max_pool2d(before(bn(conv(images)).relu_()), /*kernel_size=*/2);
    const at::Tensor map = behind3(behind2(behind1(pooled)));
    return {.pooled = map.mean({2, 3}), .maps = {pooled, map}};
  }

 private:
  torch::nn::Conv2d conv;
  BatchNorm bn;
  PreActivation before, behind1, behind2, behind3;
};

}  // namespace

std::shared_ptr<Encoder> MakeHourglassStem(const NetworkOptions& options,
                                           const KeypointSet& /*set*/) {
  return std::make_shared<HourglassStem>(options.width);
}

}  // namespace gyre
