// SPDX-License-Identifier: Apache-2.0
// Made-up problems of inverse kinematics whose rotations are known: a body of random shape
// (standard normal) and pose, with its own twists, and targets of three kinds:
//   kExact       its joints
//   kOtherShape  the joints of another such shape in the same pose: bones of other lengths
//   kNoise       its joints, each but the root moved by normal noise per axis
#pragma once

#include "body/ik/inverse_kinematics.h"
#include "core/enum_names.h"
#include "core/rng.h"

namespace gyre {

enum class IkCaseKind { kExact, kOtherShape, kNoise };
template <>
struct EnumNames<IkCaseKind> {
  static constexpr NameOf<IkCaseKind> kAll[] = {{IkCaseKind::kExact, "exact"},
                                                {IkCaseKind::kOtherShape, "other_shape"},
                                                {IkCaseKind::kNoise, "noise"}};
};

struct IkCase {
  IkProblem problem;
  IkRotations truth;
};

struct IkCaseOptions {
  double bend_rad =
      0.4;  // standard deviation per axis of a joint's rotation vector; root: any turn
  double noise_m = 0.02;
};

IkCase MakeIkCase(const IkTree& tree, IkCaseKind kind, const IkCaseOptions& options, Rng& rng);

// Mean over the nodes that move of the Frobenius norm of R - R_true.
double RotationError(const IkPlan& plan, const IkSolution& solution, const IkRotations& truth);

}  // namespace gyre
