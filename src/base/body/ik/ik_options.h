// SPDX-License-Identifier: Apache-2.0
// How rotations are found from joints, see inverse_kinematics.h.
#pragma once

#include "core/enum_names.h"
#include "core/option_fields.h"

namespace gyre {

//   kLeastSquares  all swings together, so that the joints come as near their targets as they can:
//                  Gauss-Newton with step control from the closed form (least_squares_ik.h)
//   kAdaptive      one bone after another down the tree, each from where its joint has come to
//                  (closed_form_ik.h): HybrIK in evaluation
//   kNaive         each bone for itself, as its targets say: HybrIK in training
//   kIkol          IKOL as published: a few damped steps of one angle a bone (swing_angle_ik.h)
enum class IkMethod { kLeastSquares, kAdaptive, kNaive, kIkol };
template <>
struct EnumNames<IkMethod> {
  static constexpr NameOf<IkMethod> kAll[] = {{IkMethod::kLeastSquares, "least_squares"},
                                              {IkMethod::kAdaptive, "adaptive"},
                                              {IkMethod::kNaive, "naive"},
                                              {IkMethod::kIkol, "ikol"}};
};

// How gradients of the rotations come back to joints, shape and twist.
//   kImplicit  by the implicit function theorem at the solution; a closed form's own derivative
//   kUnrolled  back through the steps, each step's matrix held constant (IKOL's GN-Diff)
//   kDetached  not at all, but to the twist
enum class IkBackward { kImplicit, kUnrolled, kDetached };
template <>
struct EnumNames<IkBackward> {
  static constexpr NameOf<IkBackward> kAll[] = {{IkBackward::kImplicit, "implicit"},
                                                {IkBackward::kUnrolled, "unrolled"},
                                                {IkBackward::kDetached, "detached"}};
};

// What a joint with several children follows.
//   kAll   all of them, in the least squares sense: where twists are not known
//   kMain  the one on the body's midline, else the first; its twist is taken as given (HybrIK)
// The root follows all.
enum class IkBranches { kAll, kMain };
template <>
struct EnumNames<IkBranches> {
  static constexpr NameOf<IkBranches> kAll[] = {{IkBranches::kAll, "all"},
                                                {IkBranches::kMain, "main"}};
};

struct IkOptions {
  IkMethod method = IkMethod::kLeastSquares;
  IkBackward backward = IkBackward::kImplicit;
  IkBranches branches = IkBranches::kAll;  // ikol follows the main one in training, all in use
  // Metres^2 a radian^2. least_squares: how much a turn away from the closed form costs, so that
  // bones of another length do not bend the body out of shape; ikol: added to J^T J (published:
  // 0.1).
  double damping = 0.03;
  int steps = 20;  // of least_squares at most, of ikol always (published: 5)

  // UserError names the field and its value.
  void Check() const;
  // IKOL's published setting.
  static IkOptions Ikol();
};

template <OptionsOf<IkOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("method", o.method, "How rotations are found from joints");
  visit("backward", o.backward, "How gradients come back through that");
  visit("branches", o.branches, "What a joint with several children follows");
  visit("damping", o.damping,
        "Cost of a turn away from the closed form, m^2/rad^2 (ikol: added to J'J)");
  visit("steps", o.steps, "Steps of least_squares at most, of ikol always");
}

}  // namespace gyre
