// SPDX-License-Identifier: Apache-2.0
// A fit as it is kept, and its record in a file.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "body/body_model.h"
#include "core/camera.h"
#include "core/enum_names.h"

namespace gyre {

enum class FitSource : int8_t { kNone = 0, kStatic = 1, kLoop = 2, kTruth = 3 };
template <>
struct EnumNames<FitSource> {
  static constexpr NameOf<FitSource> kAll[] = {{FitSource::kNone, "none"},
                                               {FitSource::kStatic, "static"},
                                               {FitSource::kLoop, "loop"},
                                               {FitSource::kTruth, "truth"}};
};

// Everything in the sample's un-augmented reference crop (224 px); callers undo augmentation with
// body/symmetry.h before they ask.
struct StoredFit {
  BodyParams params{SmplLayout()};
  Camera camera;          // of the reference crop
  double score_px2 = 0;   // StorePolicy::ScoreOf, lower is better; infinite: not scored yet
  double pose_prior = 0;  // energy of the mixture, without weight
  int observed_joints = 0;
  FitSource source = FitSource::kNone;
  int64_t step = 0;      // training step that found it
  float robust_px2 = 0;  // FitScore::robust_px2
  // FitUncertainty::rotation_sd_rad; all 0: was not estimated.
  std::array<float, kNumBodyJoints> rotation_sd_rad{};

  // No NaN anywhere, nothing infinite but the score, and a camera, source and spread that can be.
  bool IsSound() const;
};

// A record is 512 bytes, a disk's sector, little endian:
//     0  uint32   CRC-32 (zlib's) of the position (uint64) and of bytes 4 to 507
//     4  uint32   opening: which opening of the file for writing it was written in
//     8  uint32   version: how often the sample had been stored before
//    12  int16    observed joints; int8 source; int8 zero
//    16  int64    step
//    24  float64  score_px2, pose_prior
//    40  float32  pose [72], betas [10], transl [3], focal_px, center_px [2]
//   392  float32  rotation_sd_rad [24]
//   488  float32  robust_px2
//   492  zeros
//   508  uint32   the CRC again
// The CRC stands at both ends, so that a record which was cut off while it was written differs from
// one that was damaged afterwards.
inline constexpr int64_t kFitRecordBytes = 512;

struct FitRecord {
  StoredFit fit;
  uint32_t opening = 0;
  uint32_t version = 0;
};

enum class RecordState {
  kEmpty,       // never written
  kWhole,       //
  kUnfinished,  // the process or the machine ended while it was written
  kDamaged,     // was whole once
};

// `position`: of the sample in its file, so that a record in the wrong place is found out.
void EncodeFitRecord(const FitRecord& record, int64_t position,
                     std::span<char, kFitRecordBytes> bytes);
// Sets `record` when it is kWhole.
RecordState DecodeFitRecord(std::span<const char, kFitRecordBytes> bytes, int64_t position,
                            FitRecord* record);

}  // namespace gyre
