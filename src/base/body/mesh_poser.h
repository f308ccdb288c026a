// SPDX-License-Identifier: Apache-2.0
// The vertices of one body in pose after pose: PoseBody (body_model.h) for poses that follow each
// other. What pose correctives add is worked out anew for those joints alone that have turned, and
// where they add something, so that a step takes about a millisecond.
#pragma once

#include <memory>
#include <vector>

#include "body/body_model.h"

namespace gyre {

// Which rows of a model's correctives each joint adds to, and those of its columns, one after the
// other. Immutable; `model` must outlive it.
class CorrectedRows {
 public:
  explicit CorrectedRows(const BodyModel& model);

  const BodyModel& model() const { return model_; }
  const std::vector<int>& OfJoint(int joint) const { return rows_[joint]; }  // joint >= 1
  // Of those rows, d / d (the joint's nine numbers of the feature). [rows,9]
  const RowMatX& Dirs(int joint) const { return dirs_[joint]; }

 private:
  const BodyModel& model_;
  std::vector<std::vector<int>> rows_;
  std::vector<RowMatX> dirs_;
};

// One thread at a time; `rows` must outlive it.
class MeshPoser {
 public:
  explicit MeshPoser(const CorrectedRows& rows);

  // Within a hundredth of a millimetre of PoseBody's. [V,3]
  Points3 Vertices(const BodyParams& params);

 private:
  const CorrectedRows& rows_;
  VecX feature_;      // of `correctives_`
  VecX correctives_;  // [3V]
};

}  // namespace gyre
