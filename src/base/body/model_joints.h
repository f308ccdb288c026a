// SPDX-License-Identifier: Apache-2.0
// What a registered joint is on a given body, and its position the direct way (kinematics.h has the
// fast way). Every joint is a fixed linear combination of posed vertices and posed kinematic
// joints:
//   x = sum_v a_v v + sum_k b_k p_k
// so a translation t of the body moves it by (sum_v a_v + sum_k b_k) t, which is t itself unless a
// regressor's row does not sum to 1.
//
// Stand-ins for SPIN's nine regressed joints on a body that has no regressor for them, chosen by
// where the annotators' joints lie between the kinematic ones (top = the template's highest
// vertex):
//   Right Hip         1.1 R_Hip - 0.1 L_Hip             (a little outside SMPL's hip joint)
//   Left Hip          1.1 L_Hip - 0.1 R_Hip
//   Neck (LSP)        0.5 Neck + 0.25 (L_Collar + R_Collar)
//   Top of Head (LSP) top
//   Pelvis (MPII)     0.5 (L_Hip + R_Hip)
//   Thorax (MPII)     0.4 Neck + 0.3 (L_Collar + R_Collar)
//   Spine (H36M)      0.5 (Spine1 + Spine2)
//   Jaw (H36M)        0.45 Neck + 0.1 Head + 0.45 nose  (0.45 Neck + 0.55 Head without a nose)
//   Head (H36M)       0.5 (Head + top)
#pragma once

#include <vector>

#include "body/body_model.h"
#include "body/joints.h"

namespace gyre {

struct JointCombination {
  struct Term {
    int idx;  // of the vertex or kinematic joint
    double weight;
  };
  std::vector<Term> vertices;
  std::vector<Term> joints;

  double WeightSum() const;
};

// UserError when the model does not have the joint: see HasJoint.
JointCombination CombinationOf(const BodyModel& model, const JointInfo& joint);

// What the joints of a set are, each point of the body once.
struct JointCombinations {
  std::vector<JointCombination> distinct;
  std::vector<std::vector<int>> users;  // of each: positions in the set

  // UserError as CombinationOf.
  static JointCombinations Of(const BodyModel& model, const KeypointSet& set);
  // The kinematic joints, in the model's order.
  static JointCombinations OfSkeleton(const BodyModel& model);
};

// The joints of a set [N,3] from a posed body, by definition: exact, and as slow as posing it.
Points3 RegressJoints(const BodyModel& model, const KeypointSet& set, const PosedBody& posed);

// The same from parameters; for many poses keep a FoldedJoints instead.
Points3 ModelJoints(const BodyModel& model, const BodyParams& params, const KeypointSet& set);

}  // namespace gyre
