// SPDX-License-Identifier: Apache-2.0
// How well bodies of people who are followed over frames move.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "loop/evaluation/evaluation_body.h"
#include "metrics/clip_errors.h"
#include "metrics/meter.h"
#include "person/person.h"

namespace gyre {

// The joints of protocol "synthetic" about the middle of the hips, for metrics/clip_errors.h. Empty
// for a person without a track, or of whom neither body nor joints in space are known.
std::optional<ClipFrame> ClipFrameOf(const Person& sample, const BodyParams& params,
                                     const EvaluationBody& body);

// Velocity errors, mm a frame ("mpjve_mm" of clip_errors.h), of each two frames of a track that
// come in their order, whoever comes between.
class BodyVelocity {
 public:
  // `body` has to outlive it.
  explicit BodyVelocity(const EvaluationBody& body) : body_(&body) {}

  // Of data set number `set_idx`; nothing where ClipFrameOf is empty.
  void Add(const Person& sample, int set_idx, const BodyParams& params);
  const Meter& errors_mm() const { return errors_mm_; }

 private:
  const EvaluationBody* body_;
  std::map<std::pair<int, int64_t>, ClipFrame> last_;  // of each set and track
  Meter errors_mm_;
};

}  // namespace gyre
