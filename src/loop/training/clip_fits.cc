// SPDX-License-Identifier: Apache-2.0
#include "loop/training/clip_fits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/fingerprint.h"
#include "core/option_text.h"
#include "core/parallel.h"

namespace gyre {
namespace {

constexpr int kMostFrames = 1000;

}  // namespace

void ClipFitOptions::Check() const {
  if (frames < 0 || frames == 1 || frames > kMostFrames) {
    ThrowUserError("clips.frames = {} must be 0 (everybody is fitted alone) or from 2 to {}",
                   frames, kMostFrames);
  }
  if (!(fps >= 0.1 && fps <= 1000)) {
    ThrowUserError("clips.fps = {} must be from 0.1 to 1000", fps);
  }
}

ClipFits::ClipFits(std::shared_ptr<const Fitter> fitter, const ClipFitOptions& options,
                   const SequenceOptions& sequence)
    : fitter_(std::move(fitter)), options_(options) {
  options_.Check();
  if (options_.frames > 0) together_.emplace(fitter_, sequence);
}

std::vector<ClipRange> ClipFits::ClipsAmong(std::span<const Person> samples) const {
  std::vector<ClipRange> clips;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i > 0 && options_.frames > 0 && GoesOn(samples[i - 1], samples[i], options_.frames)) {
      clips.back().end = i + 1;
    } else {
      clips.push_back({i, i + 1});
    }
  }
  for (const ClipRange& clip : clips) {
    for (size_t i = clip.begin; clip.size() > 1 && i < clip.end; ++i) {
      if (samples[i].camera) continue;
      ThrowUserError(
          "data set {}, row {}: the camera of a clip's frame is not known, and its frames are "
          "fitted before one; give the data camera=FILE, or --clips.frames 0 to fit frame by frame",
          samples[i].dataset, samples[i].index);
    }
  }
  return clips;
}

std::optional<ClipRuns> ClipFits::RunsOf(const Dataset& data) const {
  if (options_.frames == 0) return std::nullopt;
  return ClipRuns(data, options_.frames);
}

std::vector<FitResult> ClipFits::FitClip(std::span<const FitProblem> frames) const {
  const double frame_s = 1 / options_.fps;
  std::vector<FitResult> fits = together_->Fit(frames, frame_s, /*threads=*/1).frames;
  std::vector<BodyParams> motion;
  FitScore mean;
  double usable = 0, weights = 0;
  for (size_t i = 0; i < fits.size(); ++i) {
    motion.push_back(fits[i].params);
    weights += frames[i].confidence.squaredNorm();
    if (!fits[i].summary.usable) continue;
    ++usable;
    mean.score_px2 += fits[i].summary.score.score_px2;
    mean.spin_score_px2 += fits[i].summary.score.spin_score_px2;
  }
  if (usable == 0) return fits;
  const double cost_px2 = together_->Cost(frames, motion, frame_s) / weights;
  for (size_t i = 0; i < fits.size(); ++i) {
    if (!fits[i].summary.usable) continue;
    FitScore& score = fits[i].summary.score;
    score.score_px2 = mean.score_px2 / usable;
    score.spin_score_px2 = mean.spin_score_px2 / usable;
    score.objective_px2 = cost_px2;
    if (fitter_->options().estimate_uncertainty) {
      fits[i].uncertainty = fitter_->Uncertainty(frames[i], fits[i].params);
    }
  }
  return fits;
}

std::vector<FitResult> ClipFits::Fit(std::span<const FitProblem> problems,
                                     std::span<const ClipRange> clips, int threads) const {
  std::vector<FitProblem> alone;
  std::vector<ClipRange> together;
  for (const ClipRange& clip : clips) {
    if (clip.size() == 1) {
      alone.push_back(problems[clip.begin]);
    } else {
      together.push_back(clip);
    }
  }
  std::vector<FitResult> fits(problems.size()), of_alone = fitter_->FitAll(alone, threads);
  auto next = of_alone.begin();
  for (const ClipRange& clip : clips) {
    if (clip.size() == 1) fits[clip.begin] = std::move(*next++);
  }
  ParallelFor(std::ssize(together), threads, [&](int64_t k, int) {
    const ClipRange& clip = together[k];
    std::ranges::move(FitClip(problems.subspan(clip.begin, clip.size())),
                      fits.begin() + static_cast<int64_t>(clip.begin));
  });
  return fits;
}

std::string ClipFits::ScoreFingerprint(const std::string& of_objective,
                                       const ClipFitOptions& options,
                                       const SequenceOptions& sequence) {
  if (options.frames == 0 || of_objective.empty()) return of_objective;
  Fingerprint fingerprint;
  fingerprint.Add(of_objective);
  fingerprint.Add(OptionToText(options.frames));
  fingerprint.Add(OptionToText(options.fps));
  fingerprint.Add(OptionToText(sequence.acceleration_weight));
  fingerprint.Add(OptionToText(sequence.pose_s));
  return fingerprint.Hex();
}

}  // namespace gyre
