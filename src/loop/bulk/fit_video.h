// SPDX-License-Identifier: Apache-2.0
// gyre fit --video: everybody in a video, a row per track and frame, each track with one shape and
// as one motion (fitting/sequence_fitter.h), with memory for some hundred frames.
//
// Frames are fitted in blocks, everybody's of a block together with some of the frames that follow,
// which the next block fits again. What a block knows of those before it is a track's shape and its
// two last frames, all of which stand in its rows: so it makes no difference to the result where a
// run ends and another goes on. A track's shape is found first, from frames spread over all of it.
//
// Of a camera that moves the motion is one in the frame of the first frame's camera, which sees it
// from further places (FitProblem::views); rows are in the frame of their own camera, as ever.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "fitting/fitter.h"
#include "fitting/sequence_fitter.h"
#include "io/camera_path.h"
#include "loop/bulk/fit_many.h"
#include "loop/bulk/fit_sequence.h"
#include "loop/bulk/tracked_video.h"

namespace gyre {

struct VideoSettings {
  SequenceSettings sequence;
  double max_gap_s = 0;                                     // of tracks
  int64_t block_frames = 240;                               // the result depends on it
  std::shared_ptr<const CameraPath> camera_path = nullptr;  // null: the camera stands still
};

// How a video is seen where nobody says it: by a lens of this focal length in longer sides of the
// picture, 53 degrees wide; and a picture whose size nobody says has that of the smallest common
// one with the keypoints in it.
inline constexpr double kUsualFocal = 1;
struct PictureSize {
  int width = 0, height = 0;
};
PictureSize UsualSizeAround(const Vec2& farthest_px);

class VideoFitter {
 public:
  // `source`: the rows of `video`, at every reading the same.
  VideoFitter(std::shared_ptr<const Fitter> fitter, const TrackedVideo& video, PersonSource source,
              VideoSettings settings);
  ~VideoFitter();

  // Hands the sink the rows behind the first `done`, a block at a time; `earlier` gives any of
  // those. False when `stop`, asked before every block, ended it.
  bool Fit(int64_t done, const std::function<FitRow(int64_t index)>& earlier, const RowSink& sink,
           const std::function<bool()>& stop, SequenceReport* report);

 private:
  struct Frame;
  struct Track;

  void Survey(int64_t begin);
  // As that frame's camera sees it, and in the motion.
  Camera CameraOf(int64_t frame) const;
  FitProblem InMotion(FitProblem problem, int64_t frame) const;
  // Of a body in the motion, into the camera's frame, and back.
  BodyParams ToCamera(const BodyParams& params, int64_t frame) const;
  BodyParams FromCamera(const BodyParams& params, int64_t frame) const;
  void ToCamera(const FitProblem& problem, int64_t frame, FitResult* fit) const;
  SequenceFitter::OneShape FitShape(const Track& track, int threads) const;
  void FindShapeAndFloor(Track* track, int threads) const;
  void FitBlock(int64_t end, const RowSink& sink, SequenceReport* report);
  std::vector<FitRow> FitTrack(Track* track, int64_t end, int threads, SequenceReport* report);

  const std::shared_ptr<const Fitter> fitter_;
  const TrackedVideo& video_;
  const PersonSource source_;
  const VideoSettings settings_;
  const SequenceFitter sequence_fitter_;
  const RestJoints rest_;
  Camera camera_;
  std::vector<Track> tracks_;
  FitNotes notes_;
};

}  // namespace gyre
