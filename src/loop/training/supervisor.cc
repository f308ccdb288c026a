// SPDX-License-Identifier: Apache-2.0
#include "loop/training/supervisor.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/counted.h"
#include "core/error.h"
#include "core/fingerprint.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/rng.h"
#include "core/trace.h"
#include "fitting/person_problem.h"
#include "loop/training/mask_in_crop.h"

namespace gyre {
namespace {

FitStore::Key KeyOf(const Person& sample) { return {sample.dataset, sample.index}; }

// The mean of what is no NaN, summed as Fitter::Score sums it.
double MeanObserved(const VecX& errors) {
  const auto observed = (errors.array() == errors.array());
  return observed.select(errors, 0).sum() / static_cast<double>(observed.count());
}

}  // namespace

FitRows RowsOf(const Dataset& data) {
  constexpr int64_t kSamples = 256;
  FitRows rows{data.name(), 0, ""};
  if (data.size() == 0) return rows;
  Fingerprint fingerprint;
  fingerprint.Add(data.size());
  const int64_t count = std::min(data.size(), kSamples);
  for (int64_t i = 0; i < count; ++i) {
    const Person sample = data.Get(i * data.size() / count);
    fingerprint.Add(sample.index);
    fingerprint.Add(sample.box.center_px.x());
    fingerprint.Add(sample.box.center_px.y());
    fingerprint.Add(sample.box.side_px);
    for (int k = 0; k < sample.keypoints.size(); ++k) {
      fingerprint.Add(sample.keypoints.confidence[k]);
      if (sample.keypoints.confidence[k] == 0) continue;  // then the position means nothing
      fingerprint.Add(sample.keypoints.px(k, 0));
      fingerprint.Add(sample.keypoints.px(k, 1));
    }
  }
  rows.rows = data.Get(data.size() - 1).index + 1;
  rows.fingerprint = fingerprint.Hex();
  return rows;
}

Supervisor::Supervisor(std::shared_ptr<const Fitter> fitter, FitStore store,
                       Supervision supervision, bool use_labels, int threads,
                       const RefreshPolicy& refresh, const DataShards& data_shards)
    : fitter_(std::move(fitter)),
      clip_fits_(fitter_),
      store_(std::move(store)),
      supervision_(supervision),
      use_labels_(use_labels || supervision == Supervision::kTruth),
      threads_(threads),
      refresh_(refresh),
      data_shards_(data_shards) {}

bool Supervisor::HasMaskFit(const Person& sample) const {
  if (!by_mask_) return false;
  const std::optional<StoredFit> fit = store_.Get(KeyOf(sample));
  return fit && fit->source == FitSource::kMasks;
}

bool Supervisor::IsDue(std::span<const Person> clip, int64_t step, size_t place) const {
  if (refresh_.every == 1) return true;
  std::optional<StoredFit> fit;
  for (size_t i = 0; !fit && i < clip.size(); ++i) fit = store_.Get(KeyOf(clip[i]));
  if (!fit || step - fit->step <= refresh_.after_steps) return true;
  const size_t place_of_all = place * data_shards_.ranks + data_shards_.rank;
  Rng rng(refresh_.seed, RngStream::kRefresh, static_cast<uint32_t>(place_of_all),
          static_cast<uint64_t>(step));
  return rng.Below(static_cast<uint64_t>(refresh_.every)) == 0;
}

void Supervisor::Consider(const Person& sample, const FitProblem& problem, const FitResult& result,
                          FitSource source, int64_t step) {
  if (!result.summary.usable) return;
  StoredFit fit(*fitter_->body().layout);
  fit.params = result.params;
  fit.camera = problem.camera;
  fit.score_px2 = store_.policy().ScoreOf(result.summary.score);
  fit.pose_prior = result.summary.score.pose_prior;
  fit.robust_px2 = static_cast<float>(result.summary.score.robust_px2);
  fit.observed_joints = result.summary.score.observed_joints;
  fit.source = result.summary.by_mask ? FitSource::kMasks : source;
  fit.step = step;
  if (result.uncertainty) {
    const auto& sd = result.uncertainty->rotation_sd_rad;
    for (Eigen::Index k = 0; k < sd.size(); ++k) fit.rotation_sd_rad[k] = static_cast<float>(sd[k]);
  }
  store_.Consider(KeyOf(sample), fit, data_shards_.OwnShard(sample.position));
}

void Supervisor::FitMasks(const Dataset& data, std::span<const Person> samples,
                          std::span<const FitProblem> problems, std::span<FitResult> results,
                          MaskCounts* counts) const {
  std::mutex mutex;
  std::vector<uint8_t> with_mask(samples.size());
  ParallelFor(std::ssize(samples), threads_, [&](int64_t i, int) {
    std::optional<SilhouetteMask> mask;
    try {
      mask = MaskInCrop(data, samples[i]);
    } catch (const UserError& error) {
      const std::lock_guard lock(mutex);
      counts->why = error.what();
    }
    with_mask[i] = mask.has_value();
    if (mask) results[i] = by_mask_->Fit(problems[i], *mask, std::move(results[i])).result;
  });
  counts->people += std::ssize(samples);
  counts->masks += std::ranges::count(with_mask, 1);
  for (const FitResult& result : results) counts->by_mask += result.summary.by_mask ? 1 : 0;
}

void Supervisor::MaskCounts::Tell(const std::string& dataset) const {
  if (people == 0) return;
  const std::string done =
      fmt::format("data set {}: masks of {} of {} people, with a say in {} first fits", dataset,
                  masks, people, by_mask);
  if (!why.empty()) {
    spdlog::warn("{}; some cannot be read, such as: {}", done, why);
  } else if (masks == 0) {
    spdlog::warn("{}; synthetic scenes (synth:) and SPIN's files with 'maskname' have some", done);
  } else {
    spdlog::info("{}", done);
  }
}

std::vector<std::vector<int64_t>> Supervisor::FirstFitParts(const Dataset& data,
                                                            int64_t most) const {
  std::vector<std::vector<int64_t>> parts;
  const auto add = [&](std::span<const int64_t> positions) {
    if (parts.empty() || std::ssize(parts.back()) >= most) parts.emplace_back();
    parts.back().insert(parts.back().end(), positions.begin(), positions.end());
  };
  if (const std::optional<ClipRuns> runs = clip_fits_.RunsOf(data)) {
    for (int64_t run = 0; run < runs->size(); ++run) add(runs->Positions(run));
    return parts;
  }
  for (int64_t i = data_shards_.rank; i < data.size(); i += data_shards_.ranks) add({&i, 1});
  return parts;
}

Supervisor::Unfitted Supervisor::UnfittedOf(std::span<const Person> samples,
                                            const StartFunction& starts) const {
  // Of all of them: then no start depends on which fits are stored already.
  const std::vector<BodyParams> start = starts ? starts(samples) : std::vector<BodyParams>();
  Unfitted unfitted;
  for (const ClipRange& clip : clip_fits_.ClipsAmong(samples)) {
    const std::span<const Person> people = samples.subspan(clip.begin, clip.size());
    if (std::ranges::all_of(
            people, [&](const Person& one) { return store_.Get(KeyOf(one)).has_value(); })) {
      continue;
    }
    for (size_t i = clip.begin; i < clip.end; ++i) {
      FitProblem& problem = unfitted.problems.emplace_back(ProblemInCrop(samples[i]));
      if (starts) problem.start = start[i];
      problem.has_start = problem.start_has_translation = static_cast<bool>(starts);
      unfitted.people.push_back(samples[i]);
    }
  }
  return unfitted;
}

bool Supervisor::MakeInitialFits(const Dataset& data, const StartFunction& starts,
                                 const std::function<bool()>& stop) {
  if (supervision_ != Supervision::kLoop && supervision_ != Supervision::kStatic) return true;
  // Bounds memory, and how long a stop waits: masks take a hundred times as long.
  const int64_t of_rank = by_mask_ ? 32 : 256;
  constexpr int64_t kSync = 4096;
  Progress progress("initial fits", "people", data.size());
  MaskCounts masks;
  int64_t done = 0;  // of this rank
  int64_t tried = 0, usable = 0;
  std::string refused;  // the first of them
  for (const std::vector<int64_t>& part : FirstFitParts(data, of_rank)) {
    if (stop && stop()) return false;
    std::vector<Person> samples;
    for (const int64_t i : part) {
      Person sample = data.Get(i);
      sample.position = i;
      if (HasBox(sample) && !HasLabel(sample)) samples.push_back(std::move(sample));
    }
    const Unfitted unfitted = UnfittedOf(samples, starts);
    std::vector<FitResult> results =
        clip_fits_.Fit(unfitted.problems, clip_fits_.ClipsAmong(unfitted.people), threads_);
    if (by_mask_) FitMasks(data, unfitted.people, unfitted.problems, results, &masks);
    tried += std::ssize(results);
    for (size_t k = 0; k < results.size(); ++k) {
      const FitSummary& summary = results[k].summary;
      if (summary.usable) ++usable;
      if (!summary.usable && refused.empty()) {
        refused = fmt::format("row {}: {}", unfitted.people[k].index, summary.reason_text);
      }
      Consider(unfitted.people[k], unfitted.problems[k], results[k], FitSource::kStatic, 0);
    }
    const int64_t before = done;
    done += std::ssize(part);
    if (done / kSync != before / kSync) store_.Sync();
    progress.Advance(
        std::min(std::ssize(part) * data_shards_.ranks, data.size() - before * data_shards_.ranks));
  }
  masks.Tell(data.name());
  if (tried > 0 && usable == 0) {
    spdlog::warn("{}: nobody of {} could be fitted, so no fit teaches; {}", data.name(),
                 Counted(tried, "people"), refused);
  }
  return true;
}

void Supervisor::Start(Round round) {
  // One round at a time has the cores; the first waits for nobody.
  const auto fit = [this, problems = round.problems, clips = round.clips,
                    before = rounds_.empty() ? std::shared_future<std::vector<FitResult>>()
                                             : rounds_.back().results] {
    if (before.valid()) before.wait();
    const Span span("fit");
    return clip_fits_.Fit(problems, clips, threads_);
  };
  round.results =
      std::async(refresh_.delay_steps > 0 ? std::launch::async : std::launch::deferred, fit);
  rounds_.push_back(std::move(round));
}

int64_t Supervisor::StoreOldest() {
  const Round& round = rounds_.front();
  const std::vector<FitResult>& results = round.results.get();
  int64_t unusable = 0;
  for (size_t k = 0; k < results.size(); ++k) {
    unusable += results[k].summary.usable ? 0 : 1;
    Consider(round.samples[k], round.problems[k], results[k], FitSource::kLoop, round.step);
  }
  rounds_.pop_front();
  return unusable;
}

void Supervisor::Finish() {
  while (!rounds_.empty()) StoreOldest();
}

void Supervisor::Refresh(std::span<const Person> samples, std::span<const BodyParams> predictions,
                         int64_t step, SupervisionStats* stats) {
  GYRE_CHECK(samples.size() == predictions.size());
  std::vector<Person> people;
  std::vector<size_t> places;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (HasLabel(samples[i]) || HasMaskFit(samples[i])) continue;
    people.push_back(samples[i]);
    places.push_back(i);
  }
  Round round{step, {}, {}, {}, {}};
  for (const ClipRange& clip : clip_fits_.ClipsAmong(people)) {
    const std::span<const Person> frames(&people[clip.begin], clip.size());
    if (!IsDue(frames, step, places[clip.begin])) continue;
    const size_t begin = round.samples.size();
    for (size_t i = clip.begin; i < clip.end; ++i) {
      FitProblem& problem = round.problems.emplace_back(ProblemInCrop(people[i]));
      problem.start = predictions[places[i]];
      problem.has_start = problem.start_has_translation = true;
      round.samples.push_back(people[i]);
    }
    round.clips.push_back({begin, round.samples.size()});
  }
  stats->considered = static_cast<int64_t>(round.samples.size());
  Start(std::move(round));
  while (rounds_.size() > static_cast<size_t>(refresh_.delay_steps)) {
    stats->unusable += StoreOldest();
  }
}

std::vector<Target> Supervisor::Step(std::span<const Person> samples,
                                     std::span<const BodyParams> predictions, int64_t step,
                                     SupervisionStats* stats) {
  const Span whole("store");
  const int64_t updated_before = store_.counters().Updated();
  if (supervision_ == Supervision::kLoop) Refresh(samples, predictions, step, stats);
  stats->updated = store_.counters().Updated() - updated_before;

  std::vector<Target> targets(samples.size());
  int accepted = 0, with_fit = 0;
  double reprojection = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (HasLabel(samples[i])) {
      targets[i] = {*samples[i].params, true, {}};
      continue;
    }
    if (!NeedsFits(supervision_)) continue;
    const std::optional<StoredFit> fit = store_.Get(KeyOf(samples[i]));
    if (!fit) continue;
    targets[i] = {fit->params, store_.Accepted(samples[i].dataset, *fit), fit->rotation_sd_rad};
    accepted += targets[i].valid ? 1 : 0;
    ++with_fit;
    reprojection += MeanObserved(fitter_->JointErrors(ProblemInCrop(samples[i]), fit->params));
  }
  stats->accepted_share = samples.empty() ? 0 : static_cast<double>(accepted) / samples.size();
  stats->reprojection_px = with_fit > 0 ? reprojection / with_fit : std::nan("");
  return targets;
}

}  // namespace gyre
