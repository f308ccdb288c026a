// SPDX-License-Identifier: Apache-2.0
// The heart of the loop, free of the network: predictions in, supervision out.
//
//   prediction --fit to the keypoints--> candidate --better than the stored fit?--> store -->
//   target
//
// Everything here is in a sample's reference crop (its box at 224 px, neither turned nor mirrored),
// whose camera frame is the image's. So a stored fit means the same whatever the augmentation was,
// its score is always measured alike, and its camera is kept with it.
// Source: SPIN (Kolotouros et al. 2019), section 3.3.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/enum_names.h"
#include "core/option_fields.h"
#include "datasets/dataset.h"
#include "datasets/decorators/data_shards.h"
#include "fitting/fitter.h"
#include "fitting/silhouette_fitter.h"
#include "fitting/store/fit_store.h"
#include "loop/training/clip_fits.h"
#include "loop/training/supervision.h"
#include "person/crops.h"

namespace gyre {

// The rows of a data set as its fits are filed: their number, and a fingerprint of the keypoints
// and boxes of up to 256 samples spread over the set.
FitRows RowsOf(const Dataset& data);

// Where first fits start: one body per sample, in the camera frame of its image.
using StartFunction = std::function<std::vector<BodyParams>(std::span<const Person>)>;

// Fits of the keypoints, kept in a store: loop and static supervision, and what measures the fits
// of held-out people.
class Supervisor : public Teacher {
 public:
  // `use_labels`: body parameters that a data set brings are truth; otherwise they are ignored.
  // `data_shards`: the samples are this rank's, and `store` has a file for each of its shards.
  Supervisor(std::shared_ptr<const Fitter> fitter, FitStore store, Supervision supervision,
             bool use_labels, int threads, const RefreshPolicy& refresh = {},
             const DataShards& data_shards = {});

  // First fits of whom the data set has a mask of are by it, too, and stay: fits of the keypoints
  // alone know less of the shape.
  void UseMasks(const SilhouetteOptions& options) { by_mask_.emplace(*fitter_, options); }

  // Frames of a clip are fitted, and replaced in the store, together. They have to come as
  // datasets/decorators/clip_runs.h has them.
  void FitClips(const ClipFitOptions& options, const SequenceOptions& sequence) {
    clip_fits_ = ClipFits(fitter_, options, sequence);
  }

  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Fits every own sample without a stored fit, from `starts`, or cold without. Keypoints are
  // enough. Gives up, with what is done in the store, as soon as `stop` says so; returns whether it
  // came to the end.
  bool MakeInitialFits(const Dataset& data, const StartFunction& starts = {},
                       const std::function<bool()>& stop = {});

  // One step: `predictions` in the camera frames of the images, one per sample.
  std::vector<Target> Step(std::span<const Person> samples, std::span<const BodyParams> predictions,
                           int64_t step, SupervisionStats* stats) override;

  // Waits for fits that are under way, and stores them.
  void Finish();

  FitStore& store() { return store_; }
  const FitStore& store() const { return store_; }
  const Fitter& fitter() const { return *fitter_; }
  const std::shared_ptr<const Fitter>& fitter_ptr() const { return fitter_; }
  Supervision supervision() const { return supervision_; }
  const DataShards& data_shards() const { return data_shards_; }

 private:
  bool HasLabel(const Person& sample) const { return use_labels_ && sample.params.has_value(); }
  bool HasMaskFit(const Person& sample) const;
  // What became of a data set's masks.
  struct MaskCounts {
    int64_t people = 0, masks = 0, by_mask = 0;
    std::string why;  // one cannot be used
    void Tell(const std::string& dataset) const;
  };
  // Of those who have a mask, by it, too.
  void FitMasks(const Dataset& data, std::span<const Person> samples,
                std::span<const FitProblem> problems, std::span<FitResult> results,
                MaskCounts* counts) const;
  // This rank's positions in the order of their first fits, in parts of `most` people or as many
  // more as the last one's clip has.
  std::vector<std::vector<int64_t>> FirstFitParts(const Dataset& data, int64_t most) const;
  // Those of a part without a fit, with what they are fitted to; of a clip of which one is without,
  // all.
  struct Unfitted {
    std::vector<Person> people;
    std::vector<FitProblem> problems;
  };
  Unfitted UnfittedOf(std::span<const Person> samples, const StartFunction& starts) const;
  // Whether to fit the clip whose first sample stands at `place` of this rank's batch.
  bool IsDue(std::span<const Person> clip, int64_t step, size_t place) const;
  void Consider(const Person& sample, const FitProblem& problem, const FitResult& result,
                FitSource source, int64_t step);
  // Fits that a step asked for.
  struct Round {
    int64_t step = 0;
    std::vector<Person> samples;
    std::vector<FitProblem> problems;
    std::vector<ClipRange> clips;
    std::shared_future<std::vector<FitResult>> results;
  };
  void Start(Round round);
  // Fits those that are due, and stores what is ready.
  void Refresh(std::span<const Person> samples, std::span<const BodyParams> predictions,
               int64_t step, SupervisionStats* stats);
  // Stores the oldest round's fits; returns how many the fitter refused.
  int64_t StoreOldest();

  std::shared_ptr<const Fitter> fitter_;
  ClipFits clip_fits_;
  FitStore store_;
  Supervision supervision_;
  bool use_labels_;
  int threads_;
  RefreshPolicy refresh_;
  DataShards data_shards_;
  std::optional<SilhouetteFitter> by_mask_;
  std::deque<Round> rounds_;  // under way, oldest first
};

}  // namespace gyre
