// SPDX-License-Identifier: Apache-2.0
// The best fit known of each sample: what the loop improves and learns from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "body/body_model.h"
#include "core/camera.h"
#include "io/npz.h"

namespace gyre {

enum class FitSource : int8_t { kNone = 0, kStatic = 1, kLoop = 2, kTruth = 3 };

// Everything in the sample's un-augmented reference crop (224 px); callers undo augmentation with
// body/symmetry.h before they ask.
struct StoredFit {
  BodyParams params;
  Camera camera;          // of the reference crop
  double score_px2 = 0;   // FitScore::score_px2, lower is better
  double pose_prior = 0;  // energy of the mixture, without weight
  int observed_joints = 0;
  FitSource source = FitSource::kNone;
  int64_t step = 0;  // training step that found it
};

// When a candidate replaces a stored fit.
struct StorePolicy {
  double max_abs_beta = 3;
  // The candidate's prior energy (natural logarithms of density) may exceed the stored one's by the
  // margin, up to the ceiling; a first fit's only has to stay below the ceiling.
  double prior_margin = 10;
  double prior_ceiling = 250;
  // Largest bend, radians, of elbows and knees beyond straight; SMPLify's four angles.
  double max_hyperextension_rad = 0.5;
  // Below this a fit is good enough to teach from.
  double accept_px2 = 100;
  // SPIN: only the score decides (`score_reproj_only`).
  bool score_only = false;

  void Check() const;
  static StorePolicy Spin();
};

class FitStore {
 public:
  using Key = std::pair<std::string, int64_t>;  // data set, row

  // What became of a candidate; kKept: the stored fit is truth.
  enum class Verdict { kFirst, kImproved, kNotBetter, kShape, kPrior, kAngles, kNotFinite, kKept };
  struct Counters {
    int64_t considered = 0, first = 0, improved = 0, not_better = 0;
    int64_t refused_shape = 0, refused_prior = 0, refused_angles = 0, refused_not_finite = 0,
            kept = 0;
    int64_t Updated() const { return first + improved; }
  };
  struct Stats {
    int64_t fits = 0;
    double share_with_fit = 0;  // of `samples`
    double accepted_share = 0;  // of the fits, score below accept_px2
    double mean_score_px2 = 0;
  };

  explicit FitStore(StorePolicy policy = {});

  // Stores the candidate when the policy accepts it. Truth is never replaced by a fit.
  Verdict Consider(const Key& key, const StoredFit& candidate);
  // Stores without asking (truth, imports).
  void Put(const Key& key, const StoredFit& fit);
  std::optional<StoredFit> Get(const Key& key) const;
  bool Accepted(const StoredFit& fit) const;

  int64_t size() const;
  Counters counters() const;
  Stats GetStats(int64_t samples) const;
  const StorePolicy& policy() const { return policy_; }

  // Arrays for a checkpoint, in key order: see Save for the keys.
  Npz ToNpz() const;
  static FitStore FromNpz(const Npz& npz, const std::filesystem::path& what, StorePolicy policy);
  // .npz, atomically: dataset [N] str, index [N], pose [N,72], betas [N,10], transl [N,3],
  // focal_px [N], center_px [N,2], score_px2 [N], pose_prior [N], observed_joints [N],
  // source [N] (FitSource), step [N].
  void Save(const std::filesystem::path& path) const;
  static FitStore Load(const std::filesystem::path& path, StorePolicy policy = {});

  // SPIN's fits of one data set, .npy [rows,82]: pose, betas; zero rows where there is none. SPIN
  // keeps no camera, so imported fits have no score (infinite) until they are scored.
  void ExportSpin(const std::filesystem::path& path, const std::string& dataset,
                  int64_t rows) const;
  void ImportSpin(const std::filesystem::path& path, const std::string& dataset);

  FitStore(FitStore&& other) noexcept;
  FitStore& operator=(FitStore&& other) noexcept {
    policy_ = other.policy_;
    fits_ = std::move(other.fits_);
    counters_ = other.counters_;
    return *this;
  }

 private:
  Verdict Judge(const StoredFit* stored, const StoredFit& candidate) const;

  StorePolicy policy_;
  mutable std::mutex mutex_;
  std::map<Key, StoredFit> fits_;
  Counters counters_;
};

}  // namespace gyre
