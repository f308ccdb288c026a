// SPDX-License-Identifier: Apache-2.0
#include "regressor/preprocess.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include "core/error.h"

namespace gyre {

at::Tensor NormalizeCrops(std::span<const uint8_t> bgr, int64_t batch, int64_t size_px,
                          c10::Device device) {
  GYRE_CHECK(static_cast<int64_t>(bgr.size()) == batch * size_px * size_px * 3,
             "{} bytes for {} crops of {} px", bgr.size(), batch, size_px);
  // from_blob wants a mutable pointer; the values are only read.
  const at::Tensor bytes =
      at::from_blob(const_cast<uint8_t*>(bgr.data()), {batch, size_px, size_px, 3}, at::kByte);
  const at::Tensor rgb = bytes.to(device).flip(3).to(at::kFloat);
  const at::Tensor mean = at::tensor({0.485F, 0.456F, 0.406F}).to(device) * 255;
  const at::Tensor deviation = at::tensor({0.229F, 0.224F, 0.225F}).to(device) * 255;
  // Pixels are interleaved already, so this view is channels-last.
  return ((rgb - mean) / deviation).permute({0, 3, 1, 2});
}

}  // namespace gyre
