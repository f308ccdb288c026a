// SPDX-License-Identifier: Apache-2.0
// One joint of a body folded into the kinematic tree: the constants of kinematics.h. kShape, the
// number of shapes, is known when the fast paths of SMPL and SMPL-X are compiled, and Eigen::Dynamic
// for any other body.
#pragma once

#include <cstdint>
#include <vector>

#include "body/body_model.h"
#include "body/model_joints.h"

namespace gyre {

// The numbers of shapes that fast paths are compiled for: ten betas, and ten of expression.
inline constexpr int kSmplShape = 10, kSmplxShape = 20;

// A bit for each kinematic joint.
using JointBits = uint64_t;
static_assert(kMaxJoints <= 64);
inline bool Has(JointBits joints, int joint) { return (joints >> joint & 1) != 0; }
inline void Add(int joint, JointBits* joints) { *joints |= JointBits{1} << joint; }

template <int kShape>
using ShapeDirs = Eigen::Matrix<double, 3, kShape, Eigen::RowMajor, 3,
                                kShape == Eigen::Dynamic ? kMaxShape : kShape>;

template <int kShape>
struct FoldedJoint {
  // What moves with one bone: R_bone (offset + shape b) + weight p_bone.
  struct Term {
    int bone;
    double weight;         // W_bone
    bool rigid;            // offset and shape are zero: the joint of the bone itself
    Vec3 offset;           // c_bone - W_bone J_bone for b = 0, F = 0
    ShapeDirs<kShape> shape_dirs;  // d offset / d b
    int link;                      // the chain's joint that first turns it; -1: only the translation does
  };
  // A joint that turns (part of) this one, and the weight below it.
  struct Link {
    int joint;
    int parent;
    double weight;  // W' of its subtree
  };
  // dirs F is carried by a mix of bones: (sum_m w_m R_m) dirs F. `dirs` holds only the columns of
  // `pose_blocks`, 9 of each.
  struct Corrective {
    struct Share {
      int bone;
      double weight;
    };
    std::vector<Share> mix;
    Eigen::Matrix<double, 3, Eigen::Dynamic, Eigen::RowMajor> dirs;
  };

  double weight_sum;  // of the combination: scales the translation
  std::vector<Term> terms;
  std::vector<Link> chain;  // children before parents
  // Kinematic joints whose rotation the correctives depend on; first those of the chain that move
  // this joint by more than 5 mm per radian.
  std::vector<int> pose_blocks;
  int num_chain_blocks;
  std::vector<Corrective> correctives;
  JointBits bones = 0;  // whose frames it is made of, all ancestors among them
};

// Instantiated for these numbers of shapes and for any.
template <int kShape>
FoldedJoint<kShape> FoldJoint(const BodyModel& model, const RestJoints& rest,
                              const JointCombination& combination);
// Without pose correctives.
template <int kShape>
FoldedJoint<kShape> FoldSkin(const BodyModel& model, const RestJoints& rest,
                             const JointCombination& combination);

}  // namespace gyre
