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

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <vector>

#include "core/enum_names.h"
#include "core/option_fields.h"
#include "datasets/data_shards.h"
#include "datasets/sample.h"
#include "fitting/fitter.h"
#include "fitting/store/fit_store.h"

namespace gyre {

// The sample's keypoints in its reference crop, without a start.
FitProblem MakeFitProblem(const Sample& sample);

// The rows of a data set as its fits are filed: their number, and a fingerprint of the keypoints
// and boxes of up to 256 samples spread over the set.
FitRows RowsOf(const Dataset& data);

// What teaches the network.
enum class Supervision {
  kLoop,          // fits made from the network's predictions in every step
  kStatic,        // the initial fits, never improved
  kTruth,         // the labels of the data set
  kReprojection,  // keypoints alone
};
template <>
struct EnumNames<Supervision> {
  static constexpr NameOf<Supervision> kAll[] = {{Supervision::kLoop, "loop"},
                                                 {Supervision::kStatic, "static"},
                                                 {Supervision::kTruth, "truth"},
                                                 {Supervision::kReprojection, "reprojection"}};
};

struct Target {
  BodyParams params{SmplLayout()};  // in the camera frame of the image
  bool valid = false;               // false: only the keypoints teach
  JointFloats rotation_sd_rad;      // of the fit; 0, or none at all: not known, or truth
};

// Which samples a step fits. Most fits don't improve any more after a few epochs.
struct RefreshPolicy {
  int every = 1;            // a converged sample is fitted at one in so many visits, at random
  int64_t after_steps = 0;  // it has converged when its fit is older than this
  // Fits are made while the network goes on, and enter the store so many steps later: exactly so
  // many (or at a checkpoint), so that a run stays a function of its seed and of where it was
  // stopped. 0: in the step that asks for them.
  int delay_steps = 0;
  uint64_t seed = 0;  // of the draws; 0: a run's own

  void Check() const;
};

template <OptionsOf<RefreshPolicy> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("every", o.every, "A converged fit is tried again at one in so many visits");
  visit("after_steps", o.after_steps, "Converged: not improved for so many steps");
  visit("delay_steps", o.delay_steps,
        "Fit while the network goes on, and store so many steps later (0: in the same step)");
  visit("seed", o.seed, "Of its draws (0: the run's)");
}

// What one step did.
struct SupervisionStats {
  int64_t considered = 0, updated = 0;
  int64_t unusable = 0;        // the fitter refused: FitSummary says why
  double accepted_share = 0;   // of the batch
  double reprojection_px = 0;  // mean over the batch's stored fits, reference crop
};

// Where first fits start: one body per sample, in the camera frame of its image.
using StartFunction = std::function<std::vector<BodyParams>(std::span<const Sample>)>;

class Supervisor {
 public:
  // `use_labels`: body parameters that a data set brings are truth; otherwise they are ignored.
  // `data_shards`: the samples are this rank's, and `store` has a file for each of its shards.
  Supervisor(std::shared_ptr<const Fitter> fitter, FitStore store, Supervision supervision,
             bool use_labels, int threads, const RefreshPolicy& refresh = {},
             const DataShards& data_shards = {});

  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Fits every own sample without a stored fit, from `starts`, or cold without. Keypoints are
  // enough. Gives up, with what is done in the store, as soon as `stop` says so; returns whether it
  // came to the end.
  bool MakeInitialFits(const Dataset& data, const StartFunction& starts = {},
                       const std::function<bool()>& stop = {});

  // One step: `predictions` in the camera frames of the images, one per sample.
  std::vector<Target> Step(std::span<const Sample> samples, std::span<const BodyParams> predictions,
                           int64_t step, SupervisionStats* stats);

  // Waits for fits that are under way, and stores them.
  void Finish();

  FitStore& store() { return store_; }
  const FitStore& store() const { return store_; }
  const Fitter& fitter() const { return *fitter_; }
  const std::shared_ptr<const Fitter>& fitter_ptr() const { return fitter_; }
  Supervision supervision() const { return supervision_; }
  const DataShards& data_shards() const { return data_shards_; }

 private:
  bool HasLabel(const Sample& sample) const { return use_labels_ && sample.params.has_value(); }
  // Whether to fit the sample that stands at `place` of this rank's batch.
  bool IsDue(const Sample& sample, int64_t step, size_t place) const;
  void Consider(const Sample& sample, const FitProblem& problem, const FitResult& result,
                FitSource source, int64_t step);
  // Fits that a step asked for.
  struct Round {
    int64_t step = 0;
    std::vector<Sample> samples;
    std::vector<FitProblem> problems;
    std::shared_future<std::vector<FitResult>> results;
  };
  void Start(Round round);
  // Stores the oldest round's fits; returns how many the fitter refused.
  int64_t StoreOldest();

  std::shared_ptr<const Fitter> fitter_;
  FitStore store_;
  Supervision supervision_;
  bool use_labels_;
  int threads_;
  RefreshPolicy refresh_;
  DataShards data_shards_;
  std::deque<Round> rounds_;  // under way, oldest first
};

}  // namespace gyre
