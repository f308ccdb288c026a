// SPDX-License-Identifier: Apache-2.0
// What a body's parameters are: its joints by name, the tree they form, and how many numbers
// describe pose and shape. Nothing else may assume a body's size.
//
// Parameters stand in one vector (body_params.h):
//   pose (axis-angle, 3 per joint, root first), betas, expression, translation
// Source: the body models of smplx (SMPL, SMPL+H, SMPL-X, MANO, FLAME).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gyre {

// The largest bodies there can be: what is sized by these needs no heap.
inline constexpr int kMaxJoints = 64;
inline constexpr int kMaxShape = 32;  // betas and expression together
inline constexpr int kMaxParams = 3 * kMaxJoints + kMaxShape + 3;

// The part of a body that a joint turns.
enum class JointBlock { kRoot, kBody, kJaw, kEyes, kLeftHand, kRightHand };

struct BodyLayout {
  std::string family;               // "smpl", "smplh", "smplx", "mano", "flame", or "other"
  std::vector<std::string> joints;  // "Pelvis", "L_Hip", ...: by these names registered joints and
                                    // priors find theirs
  std::vector<int> parents;         // -1 of the root, which stands first; else before the joint
  std::vector<int> mirror;          // the joint on the other side; itself on the midline
  std::vector<JointBlock> blocks;
  int num_betas = 0;
  int num_expression = 0;

  int num_joints() const { return static_cast<int>(joints.size()); }
  int num_pose() const { return 3 * num_joints(); }
  int num_shape() const { return num_betas + num_expression; }
  int num_params() const { return num_pose() + num_shape() + 3; }
  int num_pose_features() const { return 9 * (num_joints() - 1); }
  // The position of a joint; -1 when there is none of that name.
  int IndexOf(std::string_view joint) const;

  friend bool operator==(const BodyLayout&, const BodyLayout&) = default;
};

// SMPL's, of 24 joints and 10 betas.
const BodyLayout& SmplLayout();
std::shared_ptr<const BodyLayout> SharedSmplLayout();

// SMPL-X's, of 55 joints, 10 betas and 10 expressions: SMPL's tree without its hands; jaw and eyes on
// the head, three joints of each finger on the wrist.
std::shared_ptr<const BodyLayout> SharedSmplxLayout();

// The layout of a tree. `names` are the joints' own, in smplx's spelling ("left_hip") or gyre's
// ("L_Hip"); empty: those of the family that has so many joints, or "Joint 0" and so on.
BodyLayout MakeLayout(std::vector<int> parents, std::span<const std::string> names, int num_betas,
                      int num_expression);

// "SMPL-X", "SMPL+H", ...: how people write a family.
std::string FamilyTitle(const BodyLayout& layout);

}  // namespace gyre
