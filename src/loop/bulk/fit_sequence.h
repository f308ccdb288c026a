// SPDX-License-Identifier: Apache-2.0
// gyre fit --sequence: one person through the frames of a video (fitting/sequence_fitter.h), a row
// per frame.
#pragma once

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
  int64_t bridged = 0;
  int64_t far = 0;  // from their keypoints: SequenceSummary::far_frames
  // Root mean square over joints, and over the frames that can be fitted without their neighbours
  // and stand between two such: of each frame by itself, and of all together. NaN without such.
  double acceleration_alone_m_s2 = 0, acceleration_m_s2 = 0;
};

// The rows of OpenPoseFrames(), seen by one camera: the calibrated one, or that of the choice in
// the first image whose size is known. A row that is not usable gives the reason, but has the pose
// of the motion all the same. Warns of what is wrong with the frames' data.
std::vector<FitRow> FitSequence(std::shared_ptr<const Fitter> fitter, const PersonSource& source,
                                const SequenceSettings& settings, SequenceReport* report);

}  // namespace gyre
