// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/human2d.h"

#include "core/error.h"
#include "regressor/layers/volumes.h"

namespace gyre {
namespace {

constexpr int64_t kMaskClasses = 2;

const NetworkOptions& OfHourglasses(const NetworkOptions& options) {
  if (options.input != NetworkInput::kImage || options.backbone != Backbone::kHourglass) {
    ThrowUserError(
        "head {} stands behind what hourglasses begin with; it needs --network.input image and "
        "--network.backbone hourglass",
        options.head);
  }
  return options;
}

}  // namespace

Human2dImpl::Human2dImpl(const NetworkOptions& options, const KeypointSet& set)
    : set_(set),
      decode_(options.decode),
      stack(register_module("stack",
                            VolumeStack(OfHourglasses(options).width, set.size() + kMaskClasses,
                                        std::vector<int64_t>{1, 1},
                                        VolumeStackImpl::HalvingsOf(options.image_px)))) {}

void Human2dImpl::AddTo(const Features& features, Output* output) {
  GYRE_CHECK(features.maps.size() == 2);
  const StackedVolumes said = stack(features.maps[0], features.maps[1]);
  for (const at::Tensor& volumes : said.volumes) {
    const at::Tensor maps = volumes.to(at::kFloat);
    output->heat_maps.push_back(maps.narrow(1, 0, set_.size()));
    output->masks.push_back(maps.narrow(1, set_.size(), kMaskClasses).squeeze(2));
  }
  const at::Tensor& finest = output->heat_maps.back();
  const at::Tensor cells = decode_ == VolumeDecode::kHard ? HardArgmax(finest) : PeakPlace(finest);
  output->uvd_set = &set_;
  output->volume_depth_m = 1;  // of one cell, in whose middle everything lies
  output->uvd = UvdFromCells(cells, SizeOf(finest), output->volume_depth_m);
}

}  // namespace gyre
