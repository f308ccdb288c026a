// SPDX-License-Identifier: Apache-2.0
#include "body/symmetry.h"

#include "core/so3.h"

namespace gyre {
namespace {

Vec3 Mirrored(const Vec3& point) { return {-point.x(), point.y(), point.z()}; }

// A rotation seen in the mirror: M Exp(w) M = Exp((w_x, -w_y, -w_z)).
Vec3 MirroredRotation(const Vec3& w) { return {w.x(), -w.y(), -w.z()}; }

}  // namespace

VecX MirrorPose(const BodyLayout& layout, const Eigen::Ref<const VecX>& pose) {
  VecX mirrored(pose.size());
  for (int k = 0; k < layout.num_joints(); ++k) {
    mirrored.segment<3>(3 * k) = MirroredRotation(pose.segment<3>(3 * layout.mirror[k]));
  }
  return mirrored;
}

BodyParams MirrorParams(const BodyParams& params, const RestJoints& rest) {
  const Vec3 pelvis = rest.PelvisAt(params.shape());
  BodyParams mirrored = params;
  mirrored.pose() = MirrorPose(*rest.layout, params.pose());
  mirrored.transl() = Mirrored(pelvis + params.transl()) - pelvis;
  return mirrored;
}

BodyParams RotateParams(const BodyParams& params, const RestJoints& rest, double angle_rad) {
  return MoveParams(params, rest, ExpSO3({0, 0, angle_rad}), Vec3::Zero());
}

BodyParams MoveParams(const BodyParams& params, const RestJoints& rest, const Mat3& rotation,
                      const Vec3& translation) {
  const Vec3 pelvis = rest.PelvisAt(params.shape());
  BodyParams moved = params;
  moved.rotation(0) = LogSO3(rotation * ExpSO3(params.rotation(0)));
  moved.transl() = rotation * (pelvis + params.transl()) + translation - pelvis;
  return moved;
}

BodyParams BodyInCrop(const BodyParams& params, const CropMap& map, const RestJoints& rest) {
  const BodyParams turned = RotateParams(params, rest, -map.rotation_rad());
  return map.flip() ? MirrorParams(turned, rest) : turned;
}

BodyParams BodyFromCrop(const BodyParams& params_in_crop, const CropMap& map,
                        const RestJoints& rest) {
  return RotateParams(map.flip() ? MirrorParams(params_in_crop, rest) : params_in_crop, rest,
                      map.rotation_rad());
}

Camera CameraInCrop(const Camera& camera, const CropMap& map) {
  return {camera.focal_px * map.scale(), map.CropFromImage(camera.center_px)};
}

}  // namespace gyre
