// SPDX-License-Identifier: Apache-2.0
// The best fit known of each sample: what the loop improves and learns from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/enum_names.h"
#include "core/option_fields.h"
#include "fitting/fit_problem.h"
#include "fitting/store/fit_file.h"
#include "fitting/store/stored_fit.h"

namespace gyre {

// What a candidate has to be to replace a stored fit.
enum class StoreRule {
  kSpin,       // of a lower spin_score_px2, SPIN's `score_reproj_only`
  kGuarded,    // of a lower score_px2, within the bounds below for shape, prior and angles
  kObjective,  // of a lower objective_px2
};
template <>
struct EnumNames<StoreRule> {
  static constexpr NameOf<StoreRule> kAll[] = {{StoreRule::kSpin, "spin"},
                                               {StoreRule::kGuarded, "guarded"},
                                               {StoreRule::kObjective, "objective"}};
};

struct StorePolicy {
  StoreRule rule = StoreRule::kObjective;
  // kGuarded:
  double max_abs_beta = 3;
  // The candidate's prior energy (natural logarithms of density) may exceed the stored one's by the
  // margin, up to the ceiling; a first fit's only has to stay below the ceiling.
  double prior_margin = 10;
  double prior_ceiling = 250;
  // Largest bend, radians, of elbows and knees beyond straight; SMPLify's four angles.
  double max_hyperextension_rad = 0.5;
  // Below this a fit is good enough to teach from: its score, or with kObjective robust_px2.
  double accept_px2 = 100;
  // Other thresholds for single data sets: "NAME=PX2".
  std::vector<std::string> accept_px2_of;

  void Check() const;
  // accept_px2_of for a data set, else accept_px2. UserError for an entry that is none.
  double AcceptPx2(const std::string& dataset) const;
  // The score that the rule compares.
  double ScoreOf(const FitScore& score) const;
  static StorePolicy Spin();
};

template <OptionsOf<StorePolicy> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("max_abs_beta", o.max_abs_beta, "Larger shapes are refused");
  visit("prior_margin", o.prior_margin, "How much less likely a better-scoring pose may be");
  visit("prior_ceiling", o.prior_ceiling, "Less likely first poses are refused");
  visit("max_hyperextension_rad", o.max_hyperextension_rad, "Elbows and knees backwards");
  visit("accept_px2", o.accept_px2,
        "Fits of a lower robust_px2 teach the network (of a lower score_px2 with rule spin or "
        "guarded)");
  visit("accept_px2_of", o.accept_px2_of,
        "The same for single data sets: NAME=PX2, with commas between");
  visit("rule", o.rule, "Which fits replace others");
}

// Used by one thread at a time.
class FitStore {
 public:
  using Key = std::pair<std::string, int64_t>;  // data set, row

  // What became of a candidate; kKept: the stored fit is truth, or by a mask and the candidate not.
  enum class Verdict { kFirst, kImproved, kNotBetter, kShape, kPrior, kAngles, kNotFinite, kKept };
  struct Counters {
    int64_t considered = 0, first = 0, improved = 0, not_better = 0;
    int64_t refused_shape = 0, refused_prior = 0, refused_angles = 0, refused_not_finite = 0,
            kept = 0;
    int64_t Updated() const { return first + improved; }
  };
  struct Stats {
    int64_t fits = 0, accepted = 0;
    int64_t scored = 0;         // those that mean_score_px2 is of
    double share_with_fit = 0;  // of `samples`
    double accepted_share = 0;  // of the fits
    double mean_score_px2 = 0;
  };

  FitStore(StorePolicy policy, FitFile file);
  // Of several files of the same data sets: every sample has its fit in one of them.
  FitStore(StorePolicy policy, std::vector<FitFile> files);

  // Stores the candidate when the policy accepts it, in the file that the sample belongs to. Truth
  // is never replaced by a fit, nor a fit by a mask by one without.
  Verdict Consider(const Key& key, const StoredFit& candidate, int64_t file = 0);
  // Single precision, as kept.
  std::optional<StoredFit> Get(const Key& key) const;
  bool Accepted(const std::string& dataset, const StoredFit& fit) const;

  Counters counters() const { return counters_; }
  // Reads every fit.
  Stats GetStats(int64_t samples) const;
  const StorePolicy& policy() const { return policy_; }
  std::vector<FitFile>& files() { return files_; }
  void Sync();                 // see FitFile
  void Protect(int64_t step);  // see FitFile

 private:
  Verdict Judge(const StoredFit* stored, const StoredFit& candidate) const;

  StorePolicy policy_;
  std::vector<FitFile> files_;
  Counters counters_;
};

}  // namespace gyre
