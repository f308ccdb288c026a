// SPDX-License-Identifier: Apache-2.0
// A fit as it is kept.
#pragma once

#include <cstdint>

#include "body/body_params.h"
#include "core/camera.h"
#include "core/enum_names.h"
#include "fitting/store/fit_layout.h"

namespace gyre {

// kMasks: of keypoints and a mask, whose score is of the keypoints alone.
enum class FitSource : int8_t { kNone = 0, kStatic = 1, kLoop = 2, kTruth = 3, kMasks = 4 };
template <>
struct EnumNames<FitSource> {
  static constexpr NameOf<FitSource> kAll[] = {{FitSource::kNone, "none"},
                                               {FitSource::kStatic, "static"},
                                               {FitSource::kLoop, "loop"},
                                               {FitSource::kTruth, "truth"},
                                               {FitSource::kMasks, "masks"}};
};

// A number for each joint of a body, without heap.
using JointFloats = Eigen::Matrix<float, Eigen::Dynamic, 1, 0, kMaxJoints, 1>;

// Everything in the sample's un-augmented reference crop (224 px); callers undo augmentation with
// body/symmetry.h before they ask. What each member is, and what it is kept as: fit_fields.h.
struct StoredFit {
  StoredFit() = default;  // of no body
  explicit StoredFit(const FitLayout& layout);

  BodyParams params;
  Camera camera;          // of the reference crop
  double score_px2 = 0;   // StorePolicy::ScoreOf, lower is better; infinite: not scored yet
  double pose_prior = 0;  // energy of the mixture, without weight
  int observed_joints = 0;
  FitSource source = FitSource::kNone;
  int64_t step = 0;             // training step that found it
  float robust_px2 = 0;         // FitScore::robust_px2
  JointFloats rotation_sd_rad;  // FitUncertainty::rotation_sd_rad; all 0: was not estimated

  // Every number is one that its field can be, as a record holds it.
  bool IsSound() const;

  friend bool operator==(const StoredFit& a, const StoredFit& b);
};

}  // namespace gyre
