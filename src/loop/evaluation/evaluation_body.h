// SPDX-License-Identifier: Apache-2.0
// The body that people are evaluated with, and SPIN's 49 joints on it.
#pragma once

#include <vector>

#include "body/kinematics.h"

namespace gyre {

// Immutable, shared between threads.
class EvaluationBody {
 public:
  // `model` has to outlive it.
  explicit EvaluationBody(const BodyModel& model);

  const BodyModel& model() const { return *model_; }
  // In the frame of the parameters, metres; NaN where the body has no such joint. [49,3]
  Points3 Joints(const BodyParams& params) const;

 private:
  const BodyModel* model_;
  std::vector<int> positions_;  // of the folded joints among the 49
  FoldedJoints joints_;
};

}  // namespace gyre
