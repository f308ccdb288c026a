// SPDX-License-Identifier: Apache-2.0
#include "body/retarget.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "body/skeleton_names.h"
#include "core/error.h"
#include "core/so3.h"

namespace gyre {
namespace {

// Chains from the root along which joints that a skeleton lacks share the rotation of the next one.
constexpr std::array<int, 5> kSpine = {3, 6, 9, 12, 15};

// The T-pose's resting limbs (left side), hip to ankle and shoulder to wrist.
const Vec3 kLeg(0.03, -1, -0.03);
const Vec3 kArm(1, 0, -0.03);

// Limbs that are bent by less than this at rest count as straight.
constexpr double kStraightRad = 30 * std::numbers::pi / 180;
// A rest frame that is closer to the axes than this is drawn along them.
constexpr double kAlongAxesRad = 20 * std::numbers::pi / 180;

double AngleBetween(const Vec3& a, const Vec3& b) {
  return std::atan2(a.cross(b).norm(), a.dot(b));
}

Mat3 SmallestRotation(const Vec3& from, const Vec3& to) {
  return Eigen::Quaterniond::FromTwoVectors(from, to).toRotationMatrix();
}

// A skeleton's rest pose by SMPL's joints: what the alignment needs to know of it.
class RestSkeleton {
 public:
  RestSkeleton(const BvhClip& clip, const SkeletonMap& map)
      : clip_(clip), map_(map), rest_(RestPose(clip)) {
    const Vec3 hips = Position(1) - Position(2);
    const Vec3 trunk = Position(16) + Position(17) - Position(1) - Position(2);
    const Vec3 left = hips.normalized();
    const Vec3 up = (trunk - trunk.dot(left) * left).normalized();
    if (!left.allFinite() || !up.allFinite() || left.cross(trunk).norm() < 1e-3 * trunk.norm()) {
      ThrowUserError(
          "{}: the rest pose does not say where left and up are; hips and shoulders "
          "must lie apart",
          clip.name);
    }
    source_from_body_ << left, up, left.cross(up);
    const Mat3 along_axes = source_from_body_.array().round().matrix();
    const bool is_rotation =
        along_axes.determinant() == 1 && (along_axes * along_axes.transpose()).isIdentity();
    if (is_rotation && RotationAngle(along_axes, source_from_body_) < kAlongAxesRad) {
      source_from_body_ = along_axes;
    }
  }

  // C of the header.
  const Mat3& source_from_body() const { return source_from_body_; }

  // A of the header for the joints of a limb: first (hip, shoulder), second (knee, elbow), and the
  // limb's end (ankle, wrist).
  void AlignLimb(int first, int second, int end, const Vec3& body_line,
                 std::vector<Mat3>* alignments) const {
    const Vec3 upper = Position(second) - Position(first);
    const Vec3 lower = Position(end) - Position(second);
    if (upper.norm() == 0 || lower.norm() == 0) {
      ThrowUserError("{}: the bone '{}' or '{}' has no length", clip_.name, NameOf(first),
                     NameOf(second));
    }
    const bool straight = AngleBetween(upper, lower) < kStraightRad;
    const Vec3 resting = source_from_body_ * body_line;
    const auto align = [&](int joint, const Vec3& bone) {
      (*alignments)[static_cast<size_t>(joint)] =
          SmallestRotation(resting, straight ? upper + lower : bone) * source_from_body_;
    };
    align(first, upper);
    align(second, lower);
  }

  // Hip to knee to ankle, the mean of both legs, in the file's unit.
  double LegLength() const {
    const auto bone = [&](int from, int to) { return (Position(to) - Position(from)).norm(); };
    return 0.5 * (bone(1, 4) + bone(4, 7) + bone(2, 5) + bone(5, 8));
  }

 private:
  int Node(int joint) const { return map_.node(joint); }
  Vec3 Position(int joint) const { return rest_.positions.row(Node(joint)); }
  const std::string& NameOf(int joint) const {
    return clip_.nodes[static_cast<size_t>(Node(joint))].name;
  }

  const BvhClip& clip_;
  const SkeletonMap& map_;
  BvhPose rest_;
  Mat3 source_from_body_;
};

std::vector<Mat3> Alignments(const RestSkeleton& rest, const SkeletonMap& map) {
  std::vector<Mat3> alignments(SmplLayout().num_joints(), rest.source_from_body());
  const Vec3 to_right(-1, 1, 1);
  rest.AlignLimb(1, 4, 7, kLeg, &alignments);
  rest.AlignLimb(2, 5, 8, kLeg.cwiseProduct(to_right), &alignments);
  rest.AlignLimb(16, 18, 20, kArm, &alignments);
  rest.AlignLimb(17, 19, 21, kArm.cwiseProduct(to_right), &alignments);
  const Mat3 tilt = ExpSO3(Vec3(-map.elbow_tilt_rad, 0, 0));
  for (const size_t joint : {16, 17, 18, 19}) alignments[joint] *= tilt;
  // Hands rest in line with their forearms.
  alignments[20] = alignments[18];
  alignments[21] = alignments[19];
  if (map.feet_rest_with_legs) {
    alignments[7] = alignments[10] = alignments[4];
    alignments[8] = alignments[11] = alignments[5];
  }
  return alignments;
}

// Fills in the world rotations of the spine's joints that the skeleton lacks, in equal steps.
void SpreadAlongSpine(const SkeletonMap& map, std::vector<Mat3>* world) {
  int last = 0;
  std::vector<int> missing;
  for (const int joint : kSpine) {
    missing.push_back(joint);
    if (map.node(joint) < 0) continue;
    const Mat3& from = (*world)[static_cast<size_t>(last)];
    const Vec3 turn = LogSO3(from.transpose() * (*world)[static_cast<size_t>(joint)]);
    const auto steps = static_cast<double>(missing.size());
    for (size_t i = 0; i + 1 < missing.size(); ++i) {
      (*world)[static_cast<size_t>(missing[i])] =
          from * ExpSO3(turn * (static_cast<double>(i + 1) / steps));
    }
    missing.clear();
    last = joint;
  }
  for (const int joint : missing) {
    (*world)[static_cast<size_t>(joint)] = (*world)[static_cast<size_t>(last)];
  }
}

// Of the built-in body, what the root's path is measured by.
struct BuiltinLegs {
  Vec3 pelvis;
  double length_m;
};
const BuiltinLegs& LegsOfBuiltinBody() {
  static const BuiltinLegs legs = [] {
    const Points3 joints = RestJoints(*LoadBodyModel("builtin")).mean;
    const auto bone = [&](int from, int to) { return (joints.row(to) - joints.row(from)).norm(); };
    return BuiltinLegs{joints.row(0), bone(1, 4) + bone(4, 7)};
  }();
  return legs;
}

bool IsInSpine(int joint) { return std::find(kSpine.begin(), kSpine.end(), joint) != kSpine.end(); }

}  // namespace

PoseClip RetargetBvh(const BvhClip& clip) {
  const SkeletonMap map = MapSkeleton(clip);
  const RestSkeleton rest(clip, map);
  const std::vector<Mat3> alignments = Alignments(rest, map);
  const Mat3 body_from_source = rest.source_from_body().transpose();

  PoseClip result{std::filesystem::path(clip.name).stem().string(),
                  RowMatX::Zero(clip.num_frames(), SmplLayout().num_pose()), 1 / clip.frame_time};
  result.transl.resize(clip.num_frames(), 3);
  const BuiltinLegs& legs = LegsOfBuiltinBody();
  const double metres = legs.length_m / rest.LegLength();  // AlignLimb has seen that it is not 0
  for (int frame = 0; frame < clip.num_frames(); ++frame) {
    const BvhPose pose = ForwardKinematics(clip, frame);
    std::vector<Mat3> world(alignments.size());
    for (size_t k = 0; k < world.size(); ++k) {
      if (map.nodes[k] < 0) continue;
      const Mat3& source = pose.rotations[static_cast<size_t>(map.nodes[k])];
      world[k] = body_from_source * source * alignments[k];
    }
    SpreadAlongSpine(map, &world);
    for (int k = 0; k < SmplLayout().num_joints(); ++k) {
      const auto joint = static_cast<size_t>(k);
      const Mat3 parent =
          k == 0 ? Mat3::Identity() : world[static_cast<size_t>(SmplLayout().parents[joint])];
      if (map.nodes[joint] < 0 && !IsInSpine(k)) world[joint] = parent;
      result.poses.row(frame).segment<3>(3 * k) = LogSO3(parent.transpose() * world[joint]);
    }
    const Vec3 root = pose.positions.row(map.node(0));
    result.transl.row(frame) = (metres * (body_from_source * root) - legs.pelvis).transpose();
  }
  return result;
}

}  // namespace gyre
