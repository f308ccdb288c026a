// SPDX-License-Identifier: Apache-2.0
#include "fitting/stored_fit.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/error.h"

namespace gyre {
namespace {

static_assert(std::endian::native == std::endian::little, "records are little endian");

struct Layout {
  uint32_t crc;
  uint32_t opening;
  uint32_t version;
  int16_t observed_joints;
  int8_t source;
  int8_t zero;
  int64_t step;
  double score_px2;
  double pose_prior;
  float pose[kNumPoseParams];
  float betas[kNumShapeParams];
  float transl[3];
  float focal_px;
  float center_px[2];
  float rotation_sd_rad[kNumBodyJoints];
  float robust_px2;
  char zeros[16];
  uint32_t crc_again;
};
static_assert(sizeof(Layout) == kFitRecordBytes);

uint32_t Checksum(const Layout& layout, int64_t position) {
  const auto* bytes = reinterpret_cast<const Bytef*>(&layout);
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(&position), sizeof(position));
  crc = crc32(crc, bytes + sizeof(layout.crc),
              sizeof(layout) - sizeof(layout.crc) - sizeof(layout.crc_again));
  return static_cast<uint32_t>(crc);
}

}  // namespace

bool StoredFit::IsSound() const {
  // As the record holds them: a double may be too large for a float.
  const auto finite = [](const auto& values) { return values.template cast<float>().allFinite(); };
  return finite(params.pose()) && finite(params.betas()) && finite(params.transl()) &&
         std::isfinite(static_cast<float>(camera.focal_px)) && camera.focal_px > 0 &&
         finite(camera.center_px) && !std::isnan(score_px2) && !std::isnan(robust_px2) &&
         std::isfinite(pose_prior) && source >= FitSource::kNone && source <= FitSource::kTruth &&
         std::all_of(rotation_sd_rad.begin(), rotation_sd_rad.end(),
                     [](float sd) { return sd >= 0 && std::isfinite(sd); });
}

void EncodeFitRecord(const FitRecord& record, int64_t position,
                     std::span<char, kFitRecordBytes> bytes) {
  const StoredFit& fit = record.fit;
  Layout layout{};
  layout.opening = record.opening;
  layout.version = record.version;
  layout.observed_joints = static_cast<int16_t>(fit.observed_joints);
  layout.source = static_cast<int8_t>(fit.source);
  layout.step = fit.step;
  layout.score_px2 = fit.score_px2;
  layout.pose_prior = fit.pose_prior;
  layout.robust_px2 = fit.robust_px2;
  for (int i = 0; i < kNumPoseParams; ++i)
    layout.pose[i] = static_cast<float>(fit.params.pose()[i]);
  for (int i = 0; i < kNumShapeParams; ++i) {
    layout.betas[i] = static_cast<float>(fit.params.betas()[i]);
  }
  for (int i = 0; i < 3; ++i) layout.transl[i] = static_cast<float>(fit.params.transl()[i]);
  layout.focal_px = static_cast<float>(fit.camera.focal_px);
  for (int i = 0; i < 2; ++i) layout.center_px[i] = static_cast<float>(fit.camera.center_px[i]);
  std::copy(fit.rotation_sd_rad.begin(), fit.rotation_sd_rad.end(), layout.rotation_sd_rad);
  layout.crc = layout.crc_again = Checksum(layout, position);
  std::memcpy(bytes.data(), &layout, sizeof(layout));
}

RecordState DecodeFitRecord(std::span<const char, kFitRecordBytes> bytes, int64_t position,
                            FitRecord* record) {
  Layout layout;
  std::memcpy(&layout, bytes.data(), sizeof(layout));
  if (layout.crc != layout.crc_again || layout.crc != Checksum(layout, position)) {
    if (layout.crc != layout.crc_again) return RecordState::kUnfinished;
    const bool empty =
        layout.crc == 0 && std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
    return empty ? RecordState::kEmpty : RecordState::kDamaged;
  }
  FitRecord read{.fit = {}, .opening = layout.opening, .version = layout.version};
  StoredFit& fit = read.fit;
  fit.observed_joints = layout.observed_joints;
  fit.source = static_cast<FitSource>(layout.source);
  fit.step = layout.step;
  fit.score_px2 = layout.score_px2;
  fit.pose_prior = layout.pose_prior;
  fit.robust_px2 = layout.robust_px2;
  using VecXf = Eigen::Map<const Eigen::VectorXf>;
  fit.params.pose() = VecXf(layout.pose, kNumPoseParams).cast<double>();
  fit.params.betas() = VecXf(layout.betas, kNumShapeParams).cast<double>();
  fit.params.transl() = VecXf(layout.transl, 3).cast<double>();
  fit.camera = {layout.focal_px, {layout.center_px[0], layout.center_px[1]}};
  std::copy_n(layout.rotation_sd_rad, kNumBodyJoints, fit.rotation_sd_rad.begin());
  // A checksum protects from accidents, not from somebody who computes it.
  if (!fit.IsSound()) return RecordState::kDamaged;
  *record = read;
  return RecordState::kWhole;
}

}  // namespace gyre
