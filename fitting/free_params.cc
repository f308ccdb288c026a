// SPDX-License-Identifier: Apache-2.0
#include "fitting/free_params.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "body/model_joints.h"

namespace gyre {
namespace {

constexpr int kFewJoints = 3;
constexpr int kNumBlocks = static_cast<int>(JointBlock::kRightHand) + 1;

// The kinematic joint that moves most of a registered joint.
int CarrierOf(const BodyModel& body, std::string_view joint) {
  const JointCombination combination = CombinationOf(body, FindJoint(joint));
  std::vector<double> share(body.layout->num_joints(), 0);
  for (const auto& [bone, weight] : combination.joints) share[bone] += weight;
  for (const auto& [vertex, weight] : combination.vertices) {
    for (SparseRows::InnerIterator it(body.weights, vertex); it; ++it) {
      share[it.col()] += weight * it.value();
    }
  }
  return static_cast<int>(std::max_element(share.begin(), share.end()) - share.begin());
}

bool AlwaysMoves(JointBlock block) {
  return block == JointBlock::kRoot || block == JointBlock::kBody;
}

}  // namespace

FreeParams::FreeParams(const BodyModel& body, const KeypointSet& joints, bool parts_have_priors)
    : layout_(body.layout),
      parts_have_priors_(parts_have_priors),
      all_move_(std::ranges::all_of(layout_->blocks, AlwaysMoves) && layout_->num_expression == 0) {
  for (const std::string_view joint : joints.joints) {
    block_of_.push_back(layout_->blocks[CarrierOf(body, joint)]);
  }
}

std::vector<int> FreeParams::OfTorso() const {
  const int end = layout_->num_params();
  return {0, 1, 2, end - 3, end - 2, end - 1};
}

std::vector<int> FreeParams::OfBody(const Observations& observed, bool translation_free) const {
  const int shape = layout_->num_pose(), end = layout_->num_params();
  if (all_move_) {
    std::vector<int> free(translation_free ? end : end - 3);
    std::iota(free.begin(), free.end(), 0);
    return free;
  }
  std::set<int> seen;
  for (const Observation& observation : observed.body) seen.insert(observation.joint);
  for (const PointObservation& point : observed.body_points) seen.insert(point.joint);
  std::array<int, kNumBlocks> more{};  // joints seen, less those that are needed
  for (const int joint : seen) ++more[static_cast<size_t>(block_of_[joint])];
  if (parts_have_priors_) {
    for (int& joints : more) joints -= kFewJoints;
  } else {
    for (const JointBlock block : layout_->blocks) --more[static_cast<size_t>(block)];
  }
  const auto moves = [&](JointBlock block) {
    return AlwaysMoves(block) || more[static_cast<size_t>(block)] > 0;
  };

  std::vector<int> free;
  const auto add = [&free](int begin, int count) {
    for (int i = begin; i < begin + count; ++i) free.push_back(i);
  };
  for (int k = 0; k < layout_->num_joints(); ++k) {
    if (moves(layout_->blocks[k])) add(3 * k, 3);
  }
  add(shape, layout_->num_betas);
  if (moves(JointBlock::kJaw)) add(shape + layout_->num_betas, layout_->num_expression);
  if (translation_free) add(end - 3, 3);
  return free;
}

}  // namespace gyre
