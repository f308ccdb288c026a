// SPDX-License-Identifier: Apache-2.0
#include "body/builtin_whole_rig.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "body/builtin_hand.h"
#include "body/builtin_head.h"
#include "body/skin_weights.h"

namespace gyre {
namespace {

using Row = Eigen::RowVectorXd;  // a weight per joint

constexpr const char* kFingerNames[] = {"Thumb", "Index", "Middle", "Ring", "Pinky"};
constexpr int kHead = 15, kWrist = 20, kHand = 22;  // of SMPL; the first two of SMPL-X as well

const BodyLayout& Layout() { return *SharedSmplxLayout(); }

// A finger's first joint.
int RootOf(int finger, bool right) {
  return Layout().IndexOf((right ? "R_" : "L_") + std::string(kFingerNames[finger]) + "1");
}

double Rise(double x, double low, double high) {
  const double t = std::clamp((x - low) / (high - low), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

double DistanceToBone(const Vec3& p, const Vec3& from, const Vec3& to) {
  const Vec3 axis = to - from;
  const double t = std::clamp((p - from).dot(axis) / axis.squaredNorm(), 0.0, 1.0);
  return (p - from - t * axis).norm();
}

// The share of the hand's skin that moves with its finger, and how it goes over to the next bone at
// each joint. `p` on the left.
void AddHandWeights(const Vec3& p, double share, bool right, Row* row) {
  constexpr double kThumbNear = 0.017, kThumbFar = 0.034;  // metres from its bones
  constexpr double kHalfWidth[] = {0.012, 0.009, 0.008};   // of the way over at each joint
  const FingerJoints& fingers = BuiltinFingers();
  int nearest = 0;
  double least = 1;
  for (int finger = 0; finger < 5; ++finger) {
    for (int bone = 0; bone < 3; ++bone) {
      const double distance = DistanceToBone(p, fingers[finger][bone], fingers[finger][bone + 1]);
      if (distance >= least) continue;
      least = distance;
      nearest = finger;
    }
  }
  const auto& joints = fingers[nearest];
  double left = share;
  if (nearest == 0) left *= 1 - Rise(least, kThumbNear, kThumbFar);
  (*row)[kWrist + (right ? 1 : 0)] += share - left;
  int bone_idx = kWrist + (right ? 1 : 0);
  for (int joint = 0; joint < 3; ++joint) {
    const Vec3 after = (joints[joint + 1] - joints[joint]).normalized();
    const Vec3 before = joint == 0 ? after : (joints[joint] - joints[joint - 1]).normalized();
    const double along = (p - joints[joint]).dot((before + after).normalized());
    const double beyond = left * Rise(along, -kHalfWidth[joint], kHalfWidth[joint]);
    (*row)[bone_idx] += left - beyond;
    left = beyond;
    bone_idx = RootOf(nearest, right) + joint;
  }
  (*row)[bone_idx] += left;
}

// How much of the head's skin moves with the jaw.
double JawShare(const Vec3& p, double lip_side) {
  const double corner = LipLine().high;
  if (std::abs(lip_side) < 1) return 0.5;  // the mouth's corner; its pocket hangs at the lips
  // A line from the jaw's joint to the lips, sharp at them and softer over the cheeks.
  const double lips_z = 0.080;
  const double forward = std::clamp((p.z() - kJawJoint.z()) / (lips_z - kJawJoint.z()), 0.0, 1.0);
  const double line = kJawJoint.y() + forward * (LipLine().y(p.x()) - kJawJoint.y());
  const double softness = std::clamp(0.45 * (p.x() - corner), 1e-9, 0.016);
  double below = Rise(line - p.y(), -softness, softness);
  if (p.x() < corner && p.z() > LipLine().back) below = lip_side < 0 ? 1 : 0;
  const double of_chin = Rise(p.z(), -0.004, 0.046);
  const double off_neck = Rise(p.y() - 0.30 * (p.z() - 0.050), 1.436, 1.478);
  return below * of_chin * off_neck;
}

Row RuleWeights(const WholeSkin& skin, int v, const Skeleton& smpl) {
  Row row = Row::Zero(Layout().num_joints());
  const Vec3 p = skin.mesh.vertices.row(v);
  if (skin.kinds[v] == SkinKind::kEyeball) {
    row[Layout().IndexOf(p.x() > 0 ? "L_Eye" : "R_Eye")] = 1;
    return row;
  }
  const Row body = BuiltinWeightsAt(p, smpl);
  row.head(kWrist) = body.head(kWrist);
  const Vec3 on_left(std::abs(p.x()), p.y(), p.z());
  for (const bool right : {false, true}) {
    const int side = right ? 1 : 0;
    const double hand = body[kWrist + side] + body[kHand + side];
    if (hand > 0) AddHandWeights(on_left, hand, right, &row);
  }
  const double jaw = JawShare(on_left, skin.lip_side[v]);
  // The chin stands before the neck: what moves with the jaw is the head's.
  row[Layout().IndexOf("Jaw")] = jaw;
  row.head(kWrist) *= 1 - jaw;
  return row;
}

// Exactly, whatever the order of summation was.
RowMatX Symmetric(const RowMatX& weights, const std::vector<int>& mirror_of) {
  const std::vector<int>& mirror = Layout().mirror;
  RowMatX symmetric(weights.rows(), weights.cols());
  for (int v = 0; v < weights.rows(); ++v) {
    for (int k = 0; k < weights.cols(); ++k) {
      symmetric(v, k) = 0.5 * (weights(v, k) + weights(mirror_of[v], mirror[k]));
    }
  }
  return symmetric;
}

// Between the rims that they hang at.
void HangPockets(const WholeSkin& skin, int rows, RowMatX* of_vertices) {
  for (const Hanging& of : skin.pockets) {
    of_vertices->middleRows(rows * of.vertex, rows) =
        (1 - of.share) * of_vertices->middleRows(rows * of.upper, rows) +
        of.share * of_vertices->middleRows(rows * of.lower, rows);
  }
}

// The faces of what is neither pocket nor eyeball.
Faces OuterFaces(const WholeSkin& skin) {
  std::vector<int> outer;
  for (int f = 0; f < skin.mesh.faces.rows(); ++f) {
    const auto face = skin.mesh.faces.row(f);
    const bool is_skin = std::all_of(face.begin(), face.end(),
                                     [&](int v) { return skin.kinds[v] == SkinKind::kSkin; });
    if (is_skin) outer.push_back(f);
  }
  return skin.mesh.faces(outer, Eigen::all);
}

// The mean of what lies in front of an eyeball.
Vec3 RimMean(const RowMatX& shapedirs, int shape, const std::vector<int>& upper,
             const std::vector<int>& lower) {
  Vec3 sum = Vec3::Zero();
  for (const std::vector<int>* rim : {&upper, &lower}) {
    for (const int v : *rim) sum += shapedirs.block<3, 1>(3 * v, shape);
  }
  return sum / static_cast<double>(upper.size() + lower.size());
}

}  // namespace

Points3 WholeSkeleton() {
  const Skeleton smpl = BuiltinSkeleton();
  Points3 joints(Layout().num_joints(), 3);
  for (int k = 0; k < kHand; ++k) joints.row(k) = smpl[k];
  joints.row(Layout().IndexOf("Jaw")) = kJawJoint;
  for (const bool right : {false, true}) {
    const Vec3 side(right ? -1 : 1, 1, 1);
    joints.row(Layout().IndexOf(right ? "R_Eye" : "L_Eye")) = kEyeCenter.cwiseProduct(side);
    for (int finger = 0; finger < 5; ++finger) {
      for (int joint = 0; joint < 3; ++joint) {
        joints.row(RootOf(finger, right) + joint) =
            BuiltinFingers()[finger][joint].cwiseProduct(side);
      }
    }
  }
  return joints;
}

SparseRows WholeWeights(const WholeSkin& skin) {
  constexpr int kDiffusions = 6;
  const Skeleton smpl = BuiltinSkeleton();
  RowMatX weights(skin.mesh.vertices.rows(), Layout().num_joints());
  for (int v = 0; v < weights.rows(); ++v) weights.row(v) = RuleWeights(skin, v, smpl);
  weights = DiffuseOverSkin(std::move(weights), OuterFaces(skin), kDiffusions);
  HangPockets(skin, 1, &weights);
  return KeepFewBones(Symmetric(weights, skin.mesh.mirror_of));
}

RowMatX WholeShapedirs(const WholeSkin& skin, const SparseRows& weights) {
  const Skeleton smpl = BuiltinSkeleton();
  // Fingers count as hands, jaw and eyes as the head.
  std::vector<Eigen::Triplet<double>> entries;
  for (int v = 0; v < weights.rows(); ++v) {
    for (SparseRows::InnerIterator it(weights, v); it; ++it) {
      const auto block = Layout().blocks[it.col()];
      const int joint = block == JointBlock::kLeftHand    ? kHand
                        : block == JointBlock::kRightHand ? kHand + 1
                        : it.col() < kHand                ? static_cast<int>(it.col())
                                                          : kHead;
      entries.emplace_back(v, joint, it.value());
    }
  }
  SparseRows folded(weights.rows(), SmplLayout().num_joints());
  folded.setFromTriplets(entries.begin(), entries.end());
  RowMatX shapedirs = BuiltinShapedirs(skin.mesh, folded, smpl, HeadOutward);
  HangPockets(skin, 3, &shapedirs);
  for (int shape = 0; shape < shapedirs.cols(); ++shape) {
    const Vec3 eye = RimMean(shapedirs, shape, skin.left_upper_lid, skin.left_lower_lid);
    for (int v = 0; v < std::ssize(skin.kinds); ++v) {
      if (skin.kinds[v] != SkinKind::kEyeball) continue;
      const Vec3 side(skin.mesh.vertices(v, 0) < 0 ? -1 : 1, 1, 1);
      shapedirs.block<3, 1>(3 * v, shape) = eye.cwiseProduct(side);
    }
  }
  return shapedirs;
}

}  // namespace gyre
