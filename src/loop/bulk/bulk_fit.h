// SPDX-License-Identifier: Apache-2.0
// What `gyre fit` and `gyre predict` do: a job's persons through fitter or network into a journal
// beside the result, from which a later run of the same job goes on after whatever ended this one,
// and the .npz at the end (fit_table.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "body/body_model.h"
#include "body/pose_prior.h"
#include "fitting/fit_options.h"
#include "io/journal.h"
#include "loop/bulk/fit_many.h"
#include "loop/bulk/fit_overlays.h"
#include "loop/bulk/fit_rows.h"
#include "loop/bulk/fit_run.h"
#include "loop/bulk/fit_sequence.h"
#include "loop/bulk/fit_video.h"
#include "loop/bulk/image_camera.h"
#include "loop/bulk/mask_fits.h"
#include "loop/bulk/network_start.h"
#include "loop/bulk/person_source.h"
#include "loop/bulk/video_overlay.h"

namespace gyre {

// What is known of the input before the first fit: it is read once, so that a mistake in its last
// line is told at once and not after hours.
struct Survey {
  int64_t persons = 0;
  int64_t without_size = 0;  // of the image, known or to be read
  int64_t without_picture = 0;
  std::string image_without_picture;
  std::string fingerprint;
  const KeypointSet* set = &SpinJoints();  // of everybody's keypoints
  // Of the images whose size the input says, and of pictures until one has a focal length: all, and
  // those that have none (SetImageCamera).
  int64_t looked_at = 0, without_focal = 0;
  std::string without_focal_text;
};
// `camera`: as it will be asked for. `pictures`: takes note of every picture; may be null.
Survey SurveyOf(const PersonSource& source, const CameraChoice& camera = {},
                OverlayPictures* pictures = nullptr);

struct FrameSettings {
  double fps = 0;
  SequenceOptions options;
  int64_t block_frames = VideoSettings().block_frames;  // of a video
};

struct FitJob {
  std::shared_ptr<const BodyModel> body;
  std::string body_extra;  // BodyIdentity::extra_path
  std::shared_ptr<const PosePrior> prior;
  FitOptions fit;
  // What of it was asked for by name, "fit.sigma_px": an older gyre's run does not go on without.
  std::set<std::string> given = {};
  PersonSource persons;
  std::shared_ptr<const LeftOutCounts> left_out;  // by their reading; may be null
  Survey survey;                                  // of them
  std::optional<FrameSettings> sequence;          // where they are one's frames, fitted together
  std::shared_ptr<const TrackedVideo> video;      // with `sequence`, where they are its rows
  TrackOptions tracking;                          // of it
  std::shared_ptr<const CameraPath> camera_path = nullptr;  // of its camera; null: it stands still
  VideoOverlay video_overlay;                               // drawn where it has a sink
  std::shared_ptr<NetworkStart> network;  // where the starts come from; null: the input, if at all
  BodiesFrom bodies = BodiesFrom::kFitter;  // kNetwork: nothing is fitted
  CameraChoice camera;                      // of the images; none: each person has one of its own
  MaskChoice masks = {};                    // of single pictures' people
  int threads = 0;                          // 0: all cores
  ShardChoice shard;                        // whom to fit
  bool restart = false;                     // forget what this run has done earlier
  bool force = false;                       // write over another run's finished result
  std::filesystem::path overlays;           // folder of pictures of the bodies; empty: none
  int64_t overlays_max = 0;                 // of the first photographs alone; 0: all
  OverlayParts overlay_parts;
  std::shared_ptr<OverlayPictures> pictures;  // of the survey, where there are overlays
  std::map<std::string, std::string> notes;   // what makes it another run besides: version, start
  std::function<bool()> stop = {};            // see FitManyOptions
  bool stop_on_signals = false;               // so do SIGINT and SIGTERM, whose handlers it changes
};

// Of this run alone.
struct FitReport {
  bool finished = true;  // false: stopped; the same job goes on
  int64_t fitted = 0;
  std::map<std::string, int64_t> left_out;  // what the input's readers could not take, by kind
  double seconds = 0;
  BodiesFrom bodies = BodiesFrom::kFitter;
  std::optional<SequenceReport> sequence;
};

// In what a file that is there is not the result of a run, in half a sentence; empty when it is,
// and where there is no file.
std::string OtherThan(const FitRun& run, const std::filesystem::path& out);

class BulkFit {
 public:
  // Checks `out`, holds it against other processes and clears away what killed runs left. UserError
  // names what is wrong with it, or who has it.
  explicit BulkFit(const std::filesystem::path& out);

  // Fits whoever an earlier run of the same job has not, and writes `out`. UserError when that run
  // was another's, when `out` is another's result or none at all (unless forced), when the input
  // changes meanwhile, and when something cannot be written: then the fits are safe in the journal.
  // To be called once.
  FitReport Run(const FitJob& job);

 private:
  FitRun EarlierRun(const FitJob& job) const;
  void Prepare(const FitJob& job, const FitRow& like, const FitRun& run);
  void FitFrames(const FitJob& job, const std::shared_ptr<const Fitter>& fitter, FitReport* report);
  bool FitVideo(const FitJob& job, const std::shared_ptr<const Fitter>& fitter, FitReport* report);
  bool FitPersons(const FitJob& job, const Fitter& fitter);
  template <typename Fit>
  bool FitUntilStopped(const FitJob& job, const Fit& fit);

  std::filesystem::path out_;
  Journal journal_;
  PersonRange range_;
};

}  // namespace gyre
