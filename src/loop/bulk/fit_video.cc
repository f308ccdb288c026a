// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/fit_video.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <iterator>
#include <limits>
#include <utility>

#include "body/symmetry.h"
#include "core/counted.h"
#include "core/error.h"
#include "core/parallel.h"
#include "datasets/person_picture.h"
#include "fitting/fit_checks.h"
#include "fitting/quality.h"
#include "io/exif.h"
#include "loop/bulk/fit_notes.h"

namespace gyre {
namespace {

constexpr int kFollowing = 20;    // frames that see a track, fitted with the block before them
constexpr int kMostSamples = 40;  // frames of a track that its shape is found from

// Frames spread over all that are added, at most kMostSamples and, of many, at least half of that.
class SpreadFrames {
 public:
  void Add(const FitProblem& problem, int64_t frame) {
    const int64_t number = count_++;
    if (number % stride_ != 0) return;
    if (std::ssize(kept_) == kMostSamples) {
      for (size_t i = 1; 2 * i < kept_.size(); ++i) kept_[i] = std::move(kept_[2 * i]);
      kept_.resize((kept_.size() + 1) / 2);
      stride_ *= 2;
      if (number % stride_ != 0) return;
    }
    kept_.push_back({problem.keypoints_px.cast<float>(), problem.confidence.cast<float>(),
                     problem.pixel_scale, frame});
  }

  // `as_seen` puts a frame's problem before its camera.
  std::vector<FitProblem> Problems(
      const std::function<FitProblem(FitProblem, int64_t)>& as_seen) const {
    std::vector<FitProblem> problems;
    for (const Sample& sample : kept_) {
      FitProblem problem;
      problem.keypoints_px = sample.keypoints_px.cast<double>();
      problem.confidence = sample.confidence.cast<double>();
      problem.pixel_scale = sample.pixel_scale;
      problem.has_start = problem.start_has_translation = false;
      problems.push_back(as_seen(std::move(problem), sample.frame));
    }
    return problems;
  }

 private:
  struct Sample {  // there may be thousands of tracks
    Eigen::Matrix<float, Eigen::Dynamic, 2> keypoints_px;
    Eigen::VectorXf confidence;
    double pixel_scale;
    int64_t frame;
  };
  std::vector<Sample> kept_;
  int64_t count_ = 0, stride_ = 1;
};

// The picture has to have the size of those before it, `size` (0: none yet). One that cannot be
// read is told of elsewhere.
void CheckSize(const Person& person, PictureSize* size) {
  PictureSize here;
  try {
    const PictureOfPerson picture = InspectPersonPicture(person);
    here = {picture.width, picture.height};
  } catch (const UserError&) {
    return;
  }
  if (size->width == 0) *size = here;
  if (here.width == size->width && here.height == size->height) return;
  ThrowUserError(
      "{}: is {} x {} pixels, the frames before it {} x {}; a video has one size, fit the "
      "parts by themselves",
      person.image_path, here.width, here.height, size->width, size->height);
}

}  // namespace

PictureSize UsualSizeAround(const Vec2& farthest_px) {
  constexpr PictureSize kSizes[] = {{640, 480},   {640, 360},   {854, 480},
                                    {960, 540},   {1024, 768},  {1280, 720},
                                    {1920, 1080}, {2560, 1440}, {3840, 2160}};
  PictureSize best = {static_cast<int>(farthest_px.x()) + 1, static_cast<int>(farthest_px.y()) + 1};
  double least = std::numeric_limits<double>::infinity();
  const auto offer = [&](int width, int height) {
    const double area = static_cast<double>(width) * height;
    if (farthest_px.x() > width - 0.5 || farthest_px.y() > height - 0.5 || area >= least) return;
    least = area;
    best = {width, height};
  };
  for (const auto& [longer, shorter] : kSizes) {
    offer(longer, shorter);
    offer(shorter, longer);
  }
  return best;
}

struct VideoFitter::Frame {
  int64_t index = 0;
  FitInput input;
};

struct VideoFitter::Track {
  SpreadFrames samples;
  MotionBefore before;
  std::deque<Frame> waiting;
  bool without_floor = false;  // none is found under the sampled frames

  // The motion goes on from a frame's body; NaN where nobody could say any.
  void GoOnFrom(const BodyParams& params) {
    if (!params.values().allFinite()) return before.last.clear();
    if (before.last.size() == 2) before.last.erase(before.last.begin());
    before.last.push_back(params);
    before.shape = params.shape();
  }
};

VideoFitter::VideoFitter(std::shared_ptr<const Fitter> fitter, const TrackedVideo& video,
                         PersonSource source, VideoSettings settings)
    : fitter_(std::move(fitter)),
      video_(video),
      source_(std::move(source)),
      settings_(std::move(settings)),
      sequence_fitter_(fitter_, settings_.sequence.options),
      rest_(fitter_->body()) {
  if (!settings_.camera_path) return;
  if (settings_.camera_path->num_frames() < video_.num_frames()) {
    ThrowUserError("{}: has {} frames, the video {}; give the path of the camera that took it",
                   settings_.camera_path->name(), settings_.camera_path->num_frames(),
                   video_.num_frames());
  }
}

VideoFitter::~VideoFitter() = default;

Camera VideoFitter::CameraOf(int64_t frame) const {
  Camera camera = camera_;
  if (!settings_.camera_path) return camera;
  const double focal_px = settings_.camera_path->At(frame).focal_px;
  if (focal_px > 0) camera.focal_px = focal_px;
  return camera;
}

FitProblem VideoFitter::InMotion(FitProblem problem, int64_t frame) const {
  problem.camera = CameraOf(frame);
  if (!settings_.camera_path) return problem;
  const CameraPlace& place = settings_.camera_path->At(frame);
  FitView view{problem, place.rotation, place.translation};
  problem.confidence.setZero();  // the first frame's camera sees nothing of it
  problem.views = {std::move(view)};
  return problem;
}

BodyParams VideoFitter::ToCamera(const BodyParams& params, int64_t frame) const {
  if (!settings_.camera_path) return params;
  const CameraPlace& place = settings_.camera_path->At(frame);
  return MoveParams(params, rest_, place.rotation, place.translation);
}

BodyParams VideoFitter::FromCamera(const BodyParams& params, int64_t frame) const {
  if (!settings_.camera_path) return params;
  const CameraPlace& place = settings_.camera_path->At(frame);
  const Mat3 back = place.rotation.transpose();
  return MoveParams(params, rest_, back, Vec3(-(back * place.translation)));
}

// A frame of the motion becomes one of its camera, `problem`'s, and is measured there.
void VideoFitter::ToCamera(const FitProblem& problem, int64_t frame, FitResult* fit) const {
  if (!settings_.camera_path) return;
  fit->params = ToCamera(fit->params, frame);
  if (!fit->summary.usable) return;
  fit->summary.after = fitter_->Evaluate(problem, fit->params);
  fit->summary.score = fitter_->Score(problem, fit->params);
  fit->summary.per_joint_error_px = fitter_->JointErrors(problem, fit->params);
}

// Finds the camera, and of who is there from frame `begin` on, frames to find the shape from.
void VideoFitter::Survey(int64_t begin) {
  const CameraChoice& choice = settings_.sequence.camera;
  std::string problem, picture;
  Vec2 farthest_px = Vec2::Zero();
  PictureSize size;
  source_([&](FitInput input) {
    const Person& person = input.person;
    if (person.box.side_px == 0) return;
    for (int j = 0; j < person.keypoints.size(); ++j) {
      if (!IsThere(person.keypoints, j)) continue;
      farthest_px = farthest_px.cwiseMax(person.keypoints.px.row(j).transpose());
    }
    if (size.width == 0) size = {person.image_width, person.image_height};
    if (person.image_path != picture) {
      picture = person.image_path;
      CheckSize(person, &size);
    }
    const bool known = person.frame_of_picture.lens || !person.image_path.empty() || size.width > 0;
    if (camera_.focal_px <= 0 && known && (choice.Given() || person.frame_of_picture.lens)) {
      problem = SetImageCamera(choice, &input);
      camera_ = input.problem.camera;
    }
    if (video_.tracks()[person.track].last < begin) return;
    tracks_[person.track].samples.Add(input.problem, person.frame);
  });
  if (camera_.focal_px <= 0 && !problem.empty()) throw UserError(problem);
  if (camera_.focal_px > 0) return;
  if (choice.focal_of_exif) {
    ThrowUserError("there is no picture that could tell a focal length; give --focal PX");
  }
  const bool guessed = size.width == 0 && !(choice.center_px && choice.focal_px > 0);
  if (guessed) size = UsualSizeAround(farthest_px);
  const double longer = std::max(size.width, size.height);
  const Vec2 middle((size.width - 1) / 2.0, (size.height - 1) / 2.0);
  camera_.center_px = choice.center_px.value_or(middle);
  camera_.focal_px = choice.focal_px > 0 ? choice.focal_px
                     : choice.focal_mm > 0
                         ? FullFrameFocalPx(choice.focal_mm, size.width, size.height)
                         : kUsualFocal * longer;
  if (guessed) {
    spdlog::warn("nobody says how large the picture is: {} x {} px are taken; --images names one",
                 size.width, size.height);
  }
  if (choice.Given()) return;
  spdlog::warn("nobody says the focal length: {:.0f} px are taken; --focal or --focal-mm gives it",
               camera_.focal_px);
}

bool VideoFitter::Fit(int64_t done, const std::function<FitRow(int64_t)>& earlier,
                      const RowSink& sink, const std::function<bool()>& stop,
                      SequenceReport* report) {
  const int64_t frames = video_.num_frames(), block = settings_.block_frames;
  int64_t begin = 0;
  while (begin < frames && video_.RowsBefore(std::min(begin + block, frames)) <= done) {
    begin += block;
  }
  if (begin >= frames) return true;
  tracks_.clear();
  tracks_.resize(video_.tracks().size());
  report->tracks = std::ssize(tracks_);
  Survey(begin);
  for (int64_t track = 0; track < std::ssize(tracks_); ++track) {
    for (const int64_t frame : {begin - 2, begin - 1}) {
      if (begin == 0 || !video_.IsThere(track, frame) || !video_.IsThere(track, begin)) continue;
      tracks_[track].GoOnFrom(FromCamera(earlier(video_.RowOf(track, frame)).params, frame));
    }
  }
  const RowSink new_rows = [&](std::span<const FitRow> rows) {
    const int64_t first = rows.empty() ? 0 : std::max<int64_t>(0, done - rows.front().index);
    if (first < std::ssize(rows)) sink(rows.subspan(static_cast<size_t>(first)));
  };
  const auto following =
      static_cast<int64_t>(std::ceil(settings_.max_gap_s * settings_.sequence.fps)) + kFollowing;
  struct Stopped {};
  int64_t end = std::min(begin + block, frames), index = 0;
  try {
    const auto fit_block = [&] {
      if (stop && stop()) throw Stopped();
      FitBlock(end, new_rows, report);
      end = std::min(end + block, frames);
    };
    source_([&](FitInput input) {
      const int64_t frame = input.person.frame;
      while (end < frames && frame >= end + following) fit_block();
      if (frame >= begin) {
        tracks_[input.person.track].waiting.push_back({index, std::move(input)});
      }
      ++index;
    });
    while (end < frames) fit_block();
    fit_block();
  } catch (const Stopped&) {
    return false;
  }
  notes_.Tell();
  const auto without_floor = std::ranges::count_if(tracks_, &Track::without_floor);
  if (without_floor > 0) {
    spdlog::warn(
        "--ground: no floor found under {}, seen standing in too few frames; feet not held",
        Counted(without_floor, "people"));
  }
  return true;
}

SequenceFitter::OneShape VideoFitter::FitShape(const Track& track, int threads) const {
  const auto as_seen = [&](FitProblem problem, int64_t frame) {
    return InMotion(std::move(problem), frame);
  };
  return sequence_fitter_.FitShape(track.samples.Problems(as_seen), threads);
}

// What is not known yet. Everybody has a floor of their own: what a body errs in size it errs in
// depth, and one height for all would push the others' poses.
void VideoFitter::FindShapeAndFloor(Track* track, int threads) const {
  const bool floor = settings_.sequence.options.ground && !track->before.floor;
  if (track->before.shape && !floor) return;
  const SequenceFitter::OneShape found = FitShape(*track, threads);
  if (!track->before.shape) track->before.shape = found.shape;
  if (!floor) return;
  track->before.floor = sequence_fitter_.FloorUnder(found.bodies);
  track->without_floor = !track->before.floor;
}

// Everybody's frames before `end`.
void VideoFitter::FitBlock(int64_t end, const RowSink& sink, SequenceReport* report) {
  std::vector<Track*> there;
  for (Track& track : tracks_) {
    const auto& waiting = track.waiting;
    if (!waiting.empty() && waiting.front().input.person.frame < end) there.push_back(&track);
  }
  const int threads = settings_.sequence.threads;
  const bool apart = there.size() > 1;
  std::vector<std::vector<FitRow>> rows_of(there.size());
  std::vector<SequenceReport> reports(there.size());
  const auto fit = [&](int64_t i, int) {
    rows_of[i] = FitTrack(there[i], end, apart ? 1 : threads, &reports[i]);
  };
  if (apart) {
    ParallelFor(std::ssize(there), threads, fit);
  } else if (!there.empty()) {
    fit(0, 0);
  }
  std::vector<FitRow> rows;
  for (size_t i = 0; i < there.size(); ++i) {
    report->bridged += reports[i].bridged;
    report->far += reports[i].far;
    report->squared_alone += reports[i].squared_alone;
    report->squared += reports[i].squared;
    report->triples += reports[i].triples;
    std::ranges::move(rows_of[i], std::back_inserter(rows));
  }
  std::ranges::sort(rows, {}, &FitRow::index);
  sink(rows);
}

// A track's rows before frame `end`.
std::vector<FitRow> VideoFitter::FitTrack(Track* track, int64_t end, int threads,
                                          SequenceReport* report) {
  std::deque<Frame>& waiting = track->waiting;
  const auto frame_of = [](const Frame& frame) { return frame.input.person.frame; };
  const auto kept = static_cast<size_t>(
      std::ranges::partition_point(waiting, [&](const Frame& f) { return frame_of(f) < end; }) -
      waiting.begin());
  std::vector<FitProblem> problems;
  int following = 0;
  for (const Frame& frame : waiting) {
    if (problems.size() >= kept && following == kFollowing) break;
    problems.push_back(InMotion(frame.input.problem, frame_of(frame)));
    const bool seen = frame.input.person.box.side_px > 0;
    if (problems.size() > kept && seen) ++following;
  }
  FindShapeAndFloor(track, threads);
  track->samples = {};
  const double frame_s = 1 / settings_.sequence.fps;
  SequenceResult result = sequence_fitter_.Fit(problems, frame_s, threads, track->before);
  report->Add(sequence_fitter_, result, kept, frame_s);
  const QualityJudge quality(*fitter_);
  std::vector<FitRow> rows;
  for (size_t i = 0; i < kept; ++i) {
    auto& [index, input] = waiting[i];
    FitResult& fit = result.frames[i];
    input.problem.camera = CameraOf(input.person.frame);
    ToCamera(input.problem, input.person.frame, &fit);
    const double judged = quality(input.problem, fit);
    FitSummary near = fit.summary;
    if (near.usable) {
      CheckError(input.problem, fitter_->options(), &near);
      report->far += !near.usable;
      fit.uncertainty = fitter_->Uncertainty(input.problem, fit.params);
    } else {
      report->bridged += fit.summary.reason != FitReason::kLargeError;
    }
    FitRow& row = rows.emplace_back(*fitter_->body().layout, index, input, fit);
    if (result.summary.windows > 0) row.params = fit.params;
    row.quality = judged;
    row.track = input.person.track;
    row.frame = input.person.frame;
    CheckPicture(index, input, &notes_);
    NoteNonsense(index, input, fit.summary, &notes_);
    track->GoOnFrom(FromCamera(row.params, row.frame));
  }
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(kept));
  return rows;
}

}  // namespace gyre
