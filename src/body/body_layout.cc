// SPDX-License-Identifier: Apache-2.0
#include "body/body_layout.h"

#include <algorithm>

namespace gyre {

int BodyLayout::IndexOf(std::string_view joint) const {
  const auto found = std::ranges::find(joints, joint);
  return found == joints.end() ? -1 : static_cast<int>(found - joints.begin());
}

const BodyLayout& SmplLayout() {
  static const BodyLayout layout = [] {
    BodyLayout smpl;
    smpl.family = "smpl";
    smpl.joints = {"Pelvis", "L_Hip",   "R_Hip",    "Spine1",    "L_Knee",     "R_Knee",
                   "Spine2", "L_Ankle", "R_Ankle",  "Spine3",    "L_Foot",     "R_Foot",
                   "Neck",   "L_Collar", "R_Collar", "Head",     "L_Shoulder", "R_Shoulder",
                   "L_Elbow", "R_Elbow", "L_Wrist", "R_Wrist",   "L_Hand",     "R_Hand"};
    smpl.parents = {-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21};
    smpl.mirror = {0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20, 23, 22};
    smpl.blocks.assign(smpl.joints.size(), JointBlock::kBody);
    smpl.blocks[0] = JointBlock::kRoot;
    smpl.num_betas = 10;
    return smpl;
  }();
  return layout;
}

}  // namespace gyre
