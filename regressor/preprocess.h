// SPDX-License-Identifier: Apache-2.0
// Pictures into the network.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <span>

namespace gyre {

// `bgr`: [B, size_px, size_px, 3] 8-bit BGR, as OpenCV holds pictures. Returns float [B,3,S,S] RGB,
// in channels-last memory, minus ImageNet's mean and divided by its standard deviation
// (torchvision: mean .485 .456 .406, std .229 .224 .225 of values in [0,1]).
at::Tensor NormalizeCrops(std::span<const uint8_t> bgr, int64_t batch, int64_t size_px,
                          c10::Device device);

// Back from there: RGB in [0,1].
at::Tensor RgbOfNormalized(const at::Tensor& normalized);

}  // namespace gyre
