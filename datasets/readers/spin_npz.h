// SPDX-License-Identifier: Apache-2.0
// SPIN's data files (Kolotouros et al. 2019), one .npz per data set, N rows:
//   imgname   [N]       strings (unicode or bytes), relative to the picture folder
//   center    [N,2]     box centre, pixels
//   scale     [N]       box side / 200 px
//   part      [N,24,3]  optional: superset keypoints (SPIN-49 positions 25..48): x, y, confidence
//   openpose  [N,25,3]  optional: OpenPose BODY_25 keypoints (positions 0..24)
//   pose      [N,72]    optional: SMPL pose;  shape [N,10] with it
//   has_smpl  [N]       optional: which rows' pose and shape count; absent: all
//   S         [N,24,4]  optional: superset joints, metres, confidence
//   gender    [N]       optional: 'm' or 'f'
//   maskname  [N]       optional: silhouettes, relative to the folder of masks; 0 is background
//   partname  [N]       optional: pictures of part labels there, as of UP-3D: body_parts.h
// and gyre's own, written by `gyre data synth`, absent in SPIN's files:
//   transl    [N,3]     translation of the body in the camera frame of the picture, metres;
//                       NaN where unknown
//   focal_px  [N], center_px [N,2]  the camera of the picture
//   body_path, body_fingerprint [1]  of which body pose, shape and transl are
// and of videos:
//   frame, track [N]    Person's; -1 where there is none
// Of SPIN's relatives (ProHMR, HMR 2.0), which have body_keypoints_2d in place of openpose and
// part:
//   body_keypoints_2d [N,25,3], extra_keypoints_2d [N,19,3]  BODY_25's, and the first of the
//   superset extra_keypoints_3d [N,19,4]     as S body_pose [N,72], betas [N,10], has_body_pose [N]
//   as pose, shape, has_smpl scale     [N] or [N,2]          box side in pixels, or as SPIN's
// Other keys are not read.
#pragma once

#include <filesystem>

#include "datasets/dataset.h"
#include "datasets/readers/row_reader.h"

namespace gyre {

struct SpinOptions : ReaderOptions {  // boxes are the file's own, and nobody is left out
  std::filesystem::path masks;        // folder of 'maskname' and 'partname'
};

void ReadSpinNpz(const std::filesystem::path& path, const SpinOptions& options,
                 const PersonSink& sink);

// Writes any data set in this layout: DIR/images/000000.jpg ... and DIR/NAME.npz, which
// `spin:DIR/NAME.npz` reads back. Pictures are made on `threads` threads (0: all). Shows progress.
// `body`: of its true bodies; null: the file does not say it.
void WriteSpinDataset(const Dataset& dataset, const std::filesystem::path& dir, int threads,
                      const BodyModel* body = nullptr);

}  // namespace gyre
