// SPDX-License-Identifier: Apache-2.0
// gyre fit --sequence: one person through the frames of a video (fitting/sequence_fitter.h), a row
// per frame.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "fitting/fitter.h"
#include "fitting/sequence_fitter.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/image_camera.h"
#include "loop/bulk/person_source.h"

namespace gyre {

// Of OpenPoseFrames(): UserError when the person is in none.
void CheckFrames(const PersonSource& source);

struct SequenceSettings {
  CameraChoice camera;
  double fps = 0;
  int threads = 0;  // 0: all cores
  SequenceOptions options;
};

struct SequenceReport {
  int64_t tracks = 1;
  int64_t bridged = 0;
  int64_t far = 0;  // from their keypoints: SequenceSummary::far_frames
  // Mean squares over joints, and over the frames that can be fitted without their neighbours and
  // stand between two such: of each frame by itself, and of all together.
  double squared_alone = 0, squared = 0;  // sums, m^2/s^4
  int64_t triples = 0;

  // Root mean squares; NaN without such frames.
  double AccelerationAlone() const { return std::sqrt(squared_alone / double(triples)); }
  double Acceleration() const { return std::sqrt(squared / double(triples)); }

  // Adds a result's first `frames` frames.
  void Add(const SequenceFitter& fitter, const SequenceResult& result, size_t frames,
           double seconds_per_frame);
};

// The rows of OpenPoseFrames(), seen by one camera: the calibrated one, or that of the choice in
// the first image whose size is known. A row that is not usable gives the reason, but has the pose
// of the motion all the same. Warns of what is wrong with the frames' data.
std::vector<FitRow> FitSequence(std::shared_ptr<const Fitter> fitter, const PersonSource& source,
                                const SequenceSettings& settings, SequenceReport* report);

}  // namespace gyre
