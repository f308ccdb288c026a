// SPDX-License-Identifier: Apache-2.0
#include "loop/animation/writers.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "body/kinematics.h"
#include "core/error.h"
#include "core/file.h"
#include "core/so3.h"
#include "io/mesh.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Angles of R = Rz Ry Rx, degrees: z, y, x.
Vec3 ZyxDegrees(const Mat3& r) {
  const double sin_y = std::clamp(-r(2, 0), -1.0, 1.0);
  Vec3 angles;
  if (std::abs(sin_y) < 1 - 1e-12) {
    angles = {std::atan2(r(1, 0), r(0, 0)), std::asin(sin_y), std::atan2(r(2, 1), r(2, 2))};
  } else {  // only the sum or difference of the other two counts
    angles = {std::atan2(-r(0, 1), r(1, 1)), std::asin(sin_y), 0};
  }
  return angles * (180 / std::numbers::pi);
}

// A body's tree as a BVH file has it: every joint right before those below it.
struct BvhSkeleton {
  BvhSkeleton(const BodyModel& body, const Points3& joints)
      : children(joints.rows()), rotation_at(children.size()) {
    for (int k = 1; k < body.num_joints(); ++k) {
      children[static_cast<size_t>(body.parents()[static_cast<size_t>(k)])].push_back(k);
    }
    Add(*body.layout, joints, 0, -1);
  }

  void Add(const BodyLayout& layout, const Points3& joints, int joint, int parent_node) {
    using enum BvhChannel;
    const auto k = static_cast<size_t>(joint);
    const auto here = static_cast<int>(clip.nodes.size());
    const bool root = parent_node < 0;
    const Vec3 bone = root ? Vec3::Zero() : Vec3(joints.row(joint) - joints.row(layout.parents[k]));
    BvhNode node{
        layout.joints[k], parent_node, bone, {kZRotation, kYRotation, kXRotation}, channels};
    std::ranges::replace(node.name, ' ', '_');
    if (root) node.channels.insert(node.channels.begin(), {kXPosition, kYPosition, kZPosition});
    rotation_at[k] = channels + (root ? 3 : 0);
    channels += static_cast<int>(node.channels.size());
    clip.nodes.push_back(node);
    for (const int child : children[k]) Add(layout, joints, child, here);
    if (!children[k].empty()) return;
    // The last bone of a limb goes on half as far as the one before.
    clip.nodes.push_back(
        {node.name + " end", here, 0.5 * bone, {}, channels, /*is_end_site=*/true});
  }

  std::vector<std::vector<int>> children;
  BvhClip clip;
  std::vector<int> rotation_at;  // the column of each joint's first angle
  int channels = 0;
};

NdArray Doubles(std::vector<int64_t> shape, const std::vector<double>& values) {
  return NdArray::From<double>(std::move(shape), values);
}

// The joints of every frame [J,3], metres.
std::vector<Points3> JointsOf(const BodyModel& body, const AnimatedPerson& person) {
  const FoldedJoints skeleton = FoldedJoints::Skeleton(body);
  std::vector<Points3> frames;
  for (const BodyParams& params : person.params) frames.push_back(skeleton.Positions(params));
  return frames;
}

}  // namespace

BvhClip MakeBvh(const BodyModel& body, const AnimatedPerson& person, const ClipScale& scale) {
  GYRE_CHECK(!person.params.empty());
  const RestJoints rest(body);
  BvhSkeleton skeleton(body, scale.scale * rest.At(person.params[0].shape()));
  BvhClip& clip = skeleton.clip;
  clip.name = person.name;
  clip.frame_time = 1 / scale.fps;
  clip.motion.resize(static_cast<Eigen::Index>(person.params.size()), skeleton.channels);
  for (Eigen::Index frame = 0; frame < clip.motion.rows(); ++frame) {
    const BodyParams& params = person.params[static_cast<size_t>(frame)];
    clip.motion.row(frame).head<3>() =
        scale.scale * (rest.PelvisAt(params.shape()) + params.transl()).transpose();
    for (int k = 0; k < body.num_joints(); ++k) {
      clip.motion.row(frame).segment<3>(skeleton.rotation_at[static_cast<size_t>(k)]) =
          ZyxDegrees(ExpSO3(params.rotation(k))).transpose();
    }
  }
  return clip;
}

void WriteObjSequence(const fs::path& folder, const BodyModel& body, const Animation& animation,
                      double scale) {
  MakeFolder(folder);
  for (const AnimatedPerson& person : animation.people) {
    for (size_t i = 0; i < person.frames.size(); ++i) {
      const fs::path file = folder / fmt::format("{}_{:06d}.obj", person.name, person.frames[i]);
      WriteObj(file, scale * PoseBody(body, person.params[i]).vertices, body.faces);
    }
  }
}

void WriteAmass(const fs::path& path, const BodyModel& body, const AnimatedPerson& person,
                double fps) {
  constexpr int kBodyJoints = 22;
  const std::string& family = body.layout->family;
  const bool smplx = family == "smplx";
  if (!smplx && family != "smpl" && family != "smplh") {
    ThrowUserError("{}: AMASS' layout holds SMPL, SMPL+H and SMPL-X bodies, not {}; use glb or bvh",
                   path.string(), FamilyTitle(*body.layout));
  }
  const int joints = smplx ? 55 : 52;
  // SMPL's own last two joints are the hands as a whole, which AMASS has none of.
  const int used = family == "smpl" ? kBodyJoints : joints;
  const auto rows = static_cast<Eigen::Index>(person.params.size());
  RowMatX poses = RowMatX::Zero(rows, 3 * joints), trans(rows, 3);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const BodyParams& params = person.params[static_cast<size_t>(i)];
    poses.row(i).head(3 * used) = params.pose().head(3 * used).transpose();
    trans.row(i) = params.transl().transpose();
  }
  GYRE_CHECK(rows > 0);
  const VecX betas = person.params[0].betas();
  const NdArray text_gender = NdArray::FromStrings({"neutral"});
  Npz npz = {{"poses", NdArray::FromMatrix(poses)},
             {"trans", NdArray::FromMatrix(trans)},
             {"betas", Doubles({betas.size()}, {betas.data(), betas.data() + betas.size()})},
             {"gender", text_gender},
             {"mocap_framerate", NdArray::FromScalar(fps)},
             {"mocap_frame_rate", NdArray::FromScalar(fps)},
             {"surface_model_type", NdArray::FromStrings({smplx ? "smplx" : "smplh"})}};
  npz["root_orient"] = NdArray::FromMatrix(poses.leftCols(3));
  npz["pose_body"] = NdArray::FromMatrix(poses.middleCols(3, 3 * (kBodyJoints - 1)));
  npz["pose_hand"] = NdArray::FromMatrix(poses.rightCols(90));
  WriteNpz(path, npz);
}

void WriteTrc(const fs::path& path, const BodyModel& body, const AnimatedPerson& person,
              const ClipScale& clip, const std::string& unit) {
  const int count = body.num_joints();
  const size_t frames = person.frames.size();
  std::string text = fmt::format("PathFileType\t4\t(X/Y/Z)\t{}\n", path.filename().string());
  text +=
      "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
      "OrigNumFrames\n";
  text +=
      fmt::format("{0:g}\t{0:g}\t{1}\t{2}\t{3}\t{0:g}\t1\t{1}\n", clip.fps, frames, count, unit);
  std::string names = "Frame#\tTime", axes = "\t";
  for (int k = 0; k < count; ++k) {
    std::string name = body.layout->joints[static_cast<size_t>(k)];
    std::ranges::replace(name, ' ', '_');
    names += fmt::format("\t{}\t\t", name);
    axes += fmt::format("\tX{0}\tY{0}\tZ{0}", k + 1);
  }
  text += names + "\n" + axes + "\n\n";
  const std::vector<Points3> joints = JointsOf(body, person);
  for (size_t i = 0; i < frames; ++i) {
    text += fmt::format("{}\t{:.6f}", person.frames[i] + 1,
                        static_cast<double>(person.frames[i]) / clip.fps);
    for (int k = 0; k < count; ++k) {
      const Vec3 x = clip.scale * joints[i].row(k).transpose();
      text += fmt::format("\t{:.5f}\t{:.5f}\t{:.5f}", x.x(), x.y(), x.z());
    }
    text += '\n';
  }
  WriteFileAtomically(path, text);
}

void WriteJointsCsv(const fs::path& path, const BodyModel& body, const Animation& animation,
                    const ClipScale& clip) {
  std::string text = "person,frame,time_s";
  for (const std::string& joint : body.layout->joints) {
    for (const char axis : {'x', 'y', 'z'}) text += fmt::format(",{}_{}", joint, axis);
  }
  text += '\n';
  for (const AnimatedPerson& person : animation.people) {
    const std::vector<Points3> joints = JointsOf(body, person);
    for (size_t i = 0; i < joints.size(); ++i) {
      text += fmt::format("{},{},{:.6f}", person.name, person.frames[i],
                          static_cast<double>(person.frames[i]) / clip.fps);
      for (Eigen::Index k = 0; k < joints[i].rows(); ++k) {
        const Vec3 x = clip.scale * joints[i].row(k).transpose();
        text += fmt::format(",{:.6f},{:.6f},{:.6f}", x.x(), x.y(), x.z());
      }
      text += '\n';
    }
  }
  WriteFileAtomically(path, text);
}

}  // namespace gyre
