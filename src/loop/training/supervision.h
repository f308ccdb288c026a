// SPDX-License-Identifier: Apache-2.0
// Who teaches a network: for each person of a batch the body that should have come out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "body/body_params.h"
#include "core/enum_names.h"
#include "core/option_fields.h"
#include "datasets/dataset.h"
#include "fitting/store/stored_fit.h"

namespace gyre {

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
// Whether fits teach, for which it takes a body and a fitter.
bool NeedsFits(Supervision supervision);

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

struct Target {
  BodyParams params;            // in the camera frame of the image
  bool valid = false;           // false: only keypoints and joints teach
  JointFloats rotation_sd_rad;  // of the fit; 0, or none at all: not known, or truth
};

// What one step did.
struct SupervisionStats {
  int64_t considered = 0, updated = 0;
  int64_t unusable = 0;       // the fitter refused: FitSummary says why
  double accepted_share = 0;  // of the batch
  // Mean over the batch's stored fits, reference crop; NaN without any.
  double reprojection_px = 0;
};

class Teacher {
 public:
  virtual ~Teacher() = default;
  // One step: `predictions` in the camera frames of the images, one per sample; none where the
  // network says no bodies.
  virtual std::vector<Target> Step(std::span<const Person> samples,
                                   std::span<const BodyParams> predictions, int64_t step,
                                   SupervisionStats* stats) = 0;
};

// The labels of the data set, and without `use_labels` nothing. Knows no body and no fitter.
class LabelTeacher : public Teacher {
 public:
  explicit LabelTeacher(bool use_labels) : use_labels_(use_labels) {}
  std::vector<Target> Step(std::span<const Person> samples, std::span<const BodyParams> predictions,
                           int64_t step, SupervisionStats* stats) override;

 private:
  bool use_labels_;
};

}  // namespace gyre
