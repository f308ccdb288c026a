// SPDX-License-Identifier: Apache-2.0
// gyre fit --sequence: one person through the frames of a video (fitting/sequence_fitter.h), a row
// per frame.
#pragma once

#include <memory>
#include <vector>

#include "fitting/fitter.h"
#include "fitting/sequence_fitter.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/person_source.h"

namespace gyre {

// Of OpenPoseFrames(): UserError when they do not sort by name as by number, and when the person is
// in none; a warning when numbers are left out.
void CheckFrames(const PersonSource& source);

struct SequenceSettings {
  double focal_px = 0, fps = 0;
  int threads = 0;  // 0: all cores
  SequenceOptions options;
};

struct SequenceReport {
  int64_t bridged = 0;
  // Root mean square over joints, and over the frames that can be fitted without their neighbours
  // and stand between two such: of each frame by itself, and of all together. NaN without such.
  double acceleration_alone_m_s2 = 0, acceleration_m_s2 = 0;
};

// The rows of OpenPoseFrames(), seen by one camera of that focal length at the centre of the image,
// whose size the first picture tells. A bridged frame's row is not usable and gives the reason, but
// has the pose of the motion through the gap.
std::vector<FitRow> FitSequence(std::shared_ptr<const Fitter> fitter, const PersonSource& source,
                                const SequenceSettings& settings, SequenceReport* report);

}  // namespace gyre
