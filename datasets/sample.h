// SPDX-License-Identifier: Apache-2.0
// One person in one image, and what is known of it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "body/joints.h"
#include "core/camera.h"

namespace gyre {

enum class Gender : int8_t { kUnknown = -1, kMale = 0, kFemale = 1 };

struct Sample {
  std::string dataset;     // name of the data set it came from
  int64_t index = 0;       // its row there: (dataset, index) is the sample's identity
  int64_t position = 0;    // where Dataset::Get found it; set by who asked for it by position
  std::string image_path;  // empty when there is no image
  // Pictures of what the image's pixels show, see Dataset; empty when there are none.
  std::string silhouette_path, parts_path;
  Box box;  // the person's square box in the image

  // SPIN's 49 joints: pixels of the image and confidence in [0,1]; 0 means not observed (and then
  // the position means nothing).
  Points2 keypoints_px = Points2::Zero(kNumSpinJoints, 2);
  VecX keypoints_confidence = VecX::Zero(kNumSpinJoints);

  // Keypoints that are known but kept back to measure with: their positions among the 49, where
  // keypoints_px holds them and the confidence is 0. See HoldOutLimbJoints.
  std::vector<int> held_out;
  double held_out_unit_px = 0;  // the side of the box around all joints: what errors are a share of

  // The camera of the image; empty when unknown (SPIN's crop camera then stands in).
  std::optional<Camera> camera;

  // Ground truth where there is some. `params` in the camera frame of the image when `camera` is
  // known, else up to translation.
  std::optional<BodyParams> params;
  bool params_have_translation = false;
  // SPIN's 24 superset joints (positions 25..48 of the 49), metres, camera axes; confidence.
  std::optional<Points3> joints3d;
  VecX joints3d_confidence;
  Gender gender = Gender::kUnknown;
  // Numbers of the row that could not be (NaN, infinite, beyond any measure) where the file says
  // they count; they were left out.
  int non_finite = 0;
};

// 8-bit image, interleaved, rows without padding. (OpenCV stays out of this header.)
struct ImageBuffer {
  int width = 0, height = 0, channels = 3;
  std::vector<uint8_t> pixels;  // BGR
  // Along each side, pixels of the image that one of these is the mean of: pixel i covers
  // [r i - 1/2, r (i + 1) - 1/2] of the image.
  int reduction = 1;
};

// What a data set is: samples by index, and their images. Thread-safe.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual const std::string& name() const = 0;
  virtual int64_t size() const = 0;
  // The sample at a position in [0, size()). Its Sample::index is its row in the file, which is
  // another number when rows were left out, and stays the same whatever was selected; it rises with
  // the position.
  virtual Sample Get(int64_t position) const = 0;
  // The image of a sample, 8-bit BGR as OpenCV holds it, at the resolution of `keypoints_px`.
  // UserError names the row and the file when it cannot be read.
  virtual ImageBuffer LoadImage(const Sample& sample) const = 0;
  // The same, reduced to `scale` (in (0, 1] of each side) or more where that takes less time.
  virtual ImageBuffer LoadImageAtScale(const Sample& sample, double scale) const;
  // The person's silhouette as a picture of the same size, white on black. UserError when the data
  // set has none.
  virtual ImageBuffer LoadSilhouette(const Sample& sample) const;
  // The part of the body that each pixel shows (body_parts.h; 255: unknown), one channel. UserError
  // when the data set has none.
  virtual ImageBuffer LoadParts(const Sample& sample) const;
};

// The camera of a sample's reference crop: the image's own where it is known, SPIN's otherwise.
Camera ReferenceCamera(const Sample& sample);
// The same camera seen in the whole image.
Camera ImageCamera(const Sample& sample);

// Keeps back up to `count` of the ankles, knees, wrists and elbows that are observed, under each of
// their names among the 49; which ones is a function of (seed, Sample::index). What would tell of
// them goes too: the foot of an ankle, and the box, which shrinks as the joints' bounds do.
void HoldOutLimbJoints(int count, uint64_t seed, Sample* sample);

}  // namespace gyre
