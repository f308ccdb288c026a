// SPDX-License-Identifier: Apache-2.0
// How MakeHuman's bones become the joints of a layout.
//
// Two rigs are known. MPFB2's "cmu_mb" has no fingers and no face; its bones are SMPL's.
// MakeHuman's default skeleton has 163 bones, 55 of which are SMPL-X's joints; of the others each
// moves with the nearest bone above it that is a joint.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "body/body_layout.h"
#include "core/enum_names.h"

namespace gyre {

enum class MakeHumanLayout { kSmpl, kSmplx };
template <>
struct EnumNames<MakeHumanLayout> {
  static constexpr NameOf<MakeHumanLayout> kAll[] = {{MakeHumanLayout::kSmpl, "smpl"},
                                                     {MakeHumanLayout::kSmplx, "smplx"}};
};

struct MakeHumanRig {
  struct JointRule {
    std::string joint;               // of the layout
    std::string head;                // the bone that starts at the joint; or none, see `cubes`
    std::vector<std::string> bones;  // whose skin moves with the joint
    std::vector<std::string> cubes;  // the joint lies at the mean of these joint cubes
  };

  std::shared_ptr<const BodyLayout> layout;
  bool is_default = false;               // MakeHuman's default skeleton; else MPFB2's cmu_mb
  std::vector<JointRule> rules;          // one for each joint, in its order
  std::vector<std::string> body_groups;  // vertex groups that are skin, the first "body"
  // A hand in the T-pose is rolled until these joint cubes ("joint-l-" before them) lie level, the
  // second in front of the first.
  std::string roll_from, roll_to;
};

const MakeHumanRig& MakeHumanRigOf(MakeHumanLayout layout);

}  // namespace gyre
