// SPDX-License-Identifier: Apache-2.0
// Keypoints of one person in one picture, and joints in space: rows of a keypoint set, which says
// what each row is. Nothing else may assume their number.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "body/joints.h"
#include "body/limbs.h"
#include "core/types.h"

namespace gyre {

struct Keypoints {
  const KeypointSet* set;  // registered or static: it lives as long as the program
  Points2 px;              // [N,2] pixels of the image
  VecX confidence;         // [N] in [0,1]; 0: not observed, and the position means nothing

  // None observed.
  explicit Keypoints(const KeypointSet& of = SpinJoints());

  int size() const { return static_cast<int>(confidence.size()); }
  bool Observed(int i) const { return confidence[i] > 0; }
  int NumObserved() const;
};

struct SpaceJoints {
  const KeypointSet* set;
  Points3 m;        // [N,3] metres
  VecX confidence;  // [N] in [0,1]; 0: not known
  bool placed = false;  // where they are before the camera; else up to a translation

  explicit SpaceJoints(const KeypointSet& of);

  int size() const { return static_cast<int>(confidence.size()); }
};

// The set of a person's joints in space, whose keypoints are of `set`: that, too, but of SPIN's 49
// the superset, which is what people annotate.
const KeypointSet& SpaceSetOf(const KeypointSet& set);

// Whether two joints are one point of the body under two names.
bool IsSamePoint(const JointInfo& a, const JointInfo& b);

// Where joint i of `source` stands in `target`; -1 where nothing matches. A joint goes to its
// namesake, else to the last one that is the same point.
//
// So SPIN's 49 are filled as in SPIN's own data files: BODY_25 goes to positions 0..24, and what
// people annotated (LSP, MPII, COCO, H36M) to the superset 25..48, which stands last. COCO's and
// MPII's hips are the annotators' "Right Hip", not OpenPose's "OP RHip".
std::vector<int> PositionsIn(const KeypointSet& target, const KeypointSet& source);

// Brings keypoints of one set into another. Where several go to one place the namesake wins, then
// the first that is observed.
class KeypointConversion {
 public:
  KeypointConversion(const KeypointSet& source, const KeypointSet& target);

  Keypoints operator()(const Keypoints& keypoints) const;

 private:
  struct Move {
    int from, to;
  };
  const KeypointSet* source_;
  const KeypointSet* target_;
  std::vector<Move> moves_;  // namesakes first
};

// Joints in space of one set in another; not known where nothing matches.
SpaceJoints JointsInSet(const SpaceJoints& joints, const KeypointSet& target);

// What follows from a set alone, worked out once for each. Thread-safe.
template <typename T>
class PerSet {
 public:
  explicit PerSet(std::function<T(const KeypointSet&)> make) : make_(std::move(make)) {}

  const T& Of(const KeypointSet& set) {
    const std::lock_guard lock(mutex_);
    const auto found = made_.find(&set);
    return found != made_.end() ? found->second : made_.emplace(&set, make_(set)).first->second;
  }

 private:
  const std::function<T(const KeypointSet&)> make_;
  std::mutex mutex_;
  std::map<const KeypointSet*, T> made_;
};

// The position of each joint's partner on the other side.
const std::vector<int>& MirrorOf(const KeypointSet& set);

// Which keypoint stands in each one's place when left and right of these limbs are exchanged.
const std::vector<int>& LimbsExchangedIn(const KeypointSet& set, Limbs limbs);

}  // namespace gyre
