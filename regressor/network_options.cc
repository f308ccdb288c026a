// SPDX-License-Identifier: Apache-2.0
#include "regressor/network_options.h"

#include "core/error.h"
#include "regressor/number_list.h"

namespace gyre {

std::vector<int64_t> NetworkOptions::VolumeDepths() const {
  return ParseNumberList(volume_depths, "volume_depths", /*most=*/256, "1-2-4-64");
}

void NetworkOptions::Check() const {
  if (image_px < 32 || image_px > 1024 || image_px % 32 != 0) {
    ThrowUserError("image_px: {} is not a multiple of 32 in 32..1024", image_px);
  }
  if (!(box_scale >= 0.5 && box_scale <= 4)) {
    ThrowUserError("box_scale: {} is not in [0.5, 4]", box_scale);
  }
  if (width < 8 || width > 256 || width % 8 != 0) {
    ThrowUserError("width: {} is not a multiple of 8 in 8..256", width);
  }
  VolumeDepths();
  if (sampled_channels < 1 || sampled_channels > 4096) {
    ThrowUserError("sampled_channels: {} is not in 1..4096", sampled_channels);
  }
  if (!(volume_depth_m > 0 && volume_depth_m <= 100)) {
    ThrowUserError("volume_depth_m: {} is not in (0, 100]", volume_depth_m);
  }
  if (backbone == Backbone::kHourglass && image_px % 64 != 0) {
    ThrowUserError("image_px: {} is not a multiple of 64, which backbone hourglass takes",
                   image_px);
  }
  const bool turns = backbone == Backbone::kBlazePose || backbone == Backbone::kBlazePoseLite;
  if (turns && input == NetworkInput::kImage && head != "hmr") {
    ThrowUserError("head: {} does not work behind backbone {}, which turns the picture; hmr does",
                   head, EnumName(backbone));
  }
  if (turns && input == NetworkInput::kImage && precision != Precision::kFloat32) {
    ThrowUserError("precision: {} would round the places of backbone {}; float32 does not",
                   EnumName(precision), EnumName(backbone));
  }
  ik.Check();
  if (ief_iterations < 1 || ief_iterations > 100) {
    ThrowUserError("ief_iterations: {} is not in 1..100", ief_iterations);
  }
  if (!(dropout >= 0 && dropout < 1)) ThrowUserError("dropout: {} is not in [0, 1)", dropout);
  graph.Check();
  lifter.Check();
}

}  // namespace gyre
