// SPDX-License-Identifier: Apache-2.0
#include "loop/training/seen_errors.h"

#include <ATen/TensorOperators.h>

#include <optional>

#include "core/error.h"
#include "metrics/keypoint_scale.h"

namespace gyre {
namespace {

constexpr double kNearTorsos = 0.2;
constexpr uint8_t kHalf = 128;  // of a mask's share of a pixel

void AddJoints(const at::Tensor& uvd, const KeypointSet& set, const Batch& batch,
               SeenErrors* errors) {
  const at::Tensor host = uvd.detach().to(at::kCPU, at::kDouble).contiguous();
  const double* place = host.data_ptr<double>();
  const double half = 0.5 * batch.crop_px, middle = 0.5 * (batch.crop_px - 1);
  for (const Keypoints& truth : batch.keypoints) {
    const std::optional<double> torso = TorsoDiameterPx(truth.px, truth.confidence, *truth.set);
    for (const std::string_view joint : set.joints) {
      const int at = truth.set->IndexOf(joint);
      if (torso && at >= 0 && truth.Observed(at)) {
        const Vec2 said(half * place[0] + middle, half * place[1] + middle);
        errors->joints += 1;
        errors->near += (said - truth.px.row(at).transpose()).norm() < kNearTorsos * *torso;
      }
      place += 3;
    }
  }
}

void AddMasks(const at::Tensor& logits, const Batch& batch, SeenErrors* errors) {
  const at::Tensor host =
      (logits.select(1, 1) > logits.select(1, 0)).to(at::kCPU, at::kByte).contiguous();
  const int64_t height = host.size(1), width = host.size(2), side = batch.crop_px;
  for (int64_t i = 0; i < batch.size(); ++i) {
    const uint8_t* const cells = host.data_ptr<uint8_t>() + i * height * width;
    double both = 0, either = 0, known = 0;
    for (int64_t v = 0; v < side; ++v) {
      for (int64_t u = 0; u < side; ++u) {
        const int64_t pixel = (i * side + v) * side + u;
        if (batch.masks_known[pixel] == 0) continue;
        const bool said = cells[v * height / side * width + u * width / side] != 0;
        const bool true_mask = batch.masks[pixel] >= kHalf;
        known += 1;
        both += said && true_mask;
        either += said || true_mask;
      }
    }
    if (known == 0) continue;
    errors->masks += 1;
    errors->overlap += either > 0 ? both / either : 1;
  }
}

}  // namespace

void AddSeenErrors(const Output& said, const Batch& batch, SeenErrors* errors) {
  if (said.uvd.defined() && said.uvd_set) {
    GYRE_CHECK(said.uvd.size(0) == batch.size());
    AddJoints(said.uvd, *said.uvd_set, batch, errors);
  }
  if (!said.masks.empty() && !batch.masks.empty()) AddMasks(said.masks.back(), batch, errors);
}

}  // namespace gyre
