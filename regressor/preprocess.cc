// SPDX-License-Identifier: Apache-2.0
#include "regressor/preprocess.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include <array>

#include "core/error.h"

namespace gyre {
namespace {

constexpr std::array<float, 3> kMean = {0.485F, 0.456F, 0.406F};
constexpr std::array<float, 3> kDeviation = {0.229F, 0.224F, 0.225F};

}  // namespace

at::Tensor NormalizeCrops(std::span<const uint8_t> bgr, int64_t batch, int64_t size_px,
                          c10::Device device) {
  GYRE_CHECK(static_cast<int64_t>(bgr.size()) == batch * size_px * size_px * 3,
             "{} bytes for {} crops of {} px", bgr.size(), batch, size_px);
  const at::Tensor mean = at::tensor(kMean) * 255;
  const at::Tensor deviation = at::tensor(kDeviation) * 255;
  if (device.is_cpu()) {
    // A byte has 256 values: [256,3] in the order of the output's channels.
    const at::Tensor table = (at::arange(256, at::kFloat).unsqueeze(1) - mean) / deviation;
    at::Tensor rgb = at::empty({batch, size_px, size_px, 3}, at::kFloat);
    const float* const values = table.data_ptr<float>();
    float* const out = rgb.data_ptr<float>();
    at::parallel_for(0, batch * size_px * size_px, 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t i = 3 * begin; i < 3 * end; i += 3) {
        for (int c = 0; c < 3; ++c) out[i + c] = values[3 * bgr[i + 2 - c] + c];
      }
    });
    return rgb.permute({0, 3, 1, 2});
  }
  // from_blob wants a mutable pointer; the values are only read.
  const at::Tensor bytes =
      at::from_blob(const_cast<uint8_t*>(bgr.data()), {batch, size_px, size_px, 3}, at::kByte);
  // Pinned memory is copied while the GPU still computes; LibTorch keeps it until that is done.
  const at::Tensor rgb =
      bytes.pin_memory().to(device, /*non_blocking=*/true).flip(3).to(at::kFloat);
  // Pixels are interleaved already, so this view is channels-last.
  return ((rgb - mean.to(device, /*non_blocking=*/true)) /
          deviation.to(device, /*non_blocking=*/true))
      .permute({0, 3, 1, 2});
}

at::Tensor RgbOfNormalized(const at::Tensor& normalized) {
  const auto channels = [&](const std::array<float, 3>& values) {
    return at::tensor(values).to(normalized.options()).reshape({1, 3, 1, 1});
  };
  return normalized * channels(kDeviation) + channels(kMean);
}

}  // namespace gyre
