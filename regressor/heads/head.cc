// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/head.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "regressor/encoders/blaze_pose_encoder.h"
#include "regressor/heads/c2f_head.h"
#include "regressor/heads/graph_head.h"
#include "regressor/heads/hmr_head.h"
#include "regressor/heads/human2d_head.h"
#include "regressor/heads/ik_head.h"
#include "regressor/heads/joint_head.h"
#include "regressor/heads/lifter_head.h"
#include "regressor/heads/pavlakos18_head.h"
#include "regressor/heads/pose2pose_head.h"

namespace gyre {
namespace {

const std::vector<HeadKind>& Heads() {
  static const std::vector<HeadKind> heads = {
      // SPIN's names have nothing in front, neither of the backbone's layers nor of the head's.
      {"hmr", MakeHmrHead, {{"encoder.", ""}, {"head.", ""}}, BlazePoseParts()},
      {"joints", MakeJointHead, {}},
      {"graphcmr", MakeGraphHead, GraphHeadNames()},
      {"ik", MakeIkHead, {}},
      {"c2f", MakeC2fHead, {}},
      {"human2d", MakeHuman2dHead, {}},
      {"lifter", MakeLifterHead, LifterHeadNames()},
      {"pavlakos18", MakePavlakos18Head, {}, Pavlakos18Parts()},
      {"pose2pose", MakePose2PoseHead, {{"encoder.", "backbone."}, {"head.", ""}}},
  };
  return heads;
}

}  // namespace

const HeadKind& FindHead(const std::string& name) {
  const auto found = std::ranges::find(Heads(), name, &HeadKind::name);
  if (found == Heads().end()) {
    ThrowUserError("head: \"{}\" is not one of {}", name, fmt::join(HeadNames(), ", "));
  }
  return *found;
}

const KeypointSet& UvdSetOf(const NetworkOptions& options) {
  return FindKeypointSet(options.uvd_set.empty() ? options.keypoints : options.uvd_set);
}

std::vector<std::string> HeadNames() {
  std::vector<std::string> names;
  for (const HeadKind& head : Heads()) names.emplace_back(head.name);
  return names;
}

}  // namespace gyre
