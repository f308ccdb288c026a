// SPDX-License-Identifier: Apache-2.0
#include "body/symmetry.h"

#include "core/so3.h"

namespace gyre {
namespace {

Vec3 Mirrored(const Vec3& point) { return {-point.x(), point.y(), point.z()}; }

// A rotation seen in the mirror: M Exp(w) M = Exp((w_x, -w_y, -w_z)).
Vec3 MirroredRotation(const Vec3& w) { return {w.x(), -w.y(), -w.z()}; }

}  // namespace

Eigen::Matrix<double, kNumPoseParams, 1> MirrorPose(
    const Eigen::Matrix<double, kNumPoseParams, 1>& pose) {
  Eigen::Matrix<double, kNumPoseParams, 1> mirrored;
  for (int k = 0; k < kNumBodyJoints; ++k) {
    mirrored.segment<3>(3 * k) = MirroredRotation(pose.segment<3>(3 * kMirrorJoint[k]));
  }
  return mirrored;
}

BodyParams MirrorParams(const BodyParams& params, const Vec3& pelvis) {
  BodyParams mirrored = params;
  mirrored.pose() = MirrorPose(params.pose());
  mirrored.transl() = Mirrored(pelvis + params.transl()) - pelvis;
  return mirrored;
}

BodyParams RotateParams(const BodyParams& params, const Vec3& pelvis, double angle_rad) {
  const Mat3 turn = ExpSO3({0, 0, angle_rad});
  BodyParams turned = params;
  turned.rotation(0) = LogSO3(turn * ExpSO3(params.rotation(0)));
  turned.transl() = turn * (pelvis + params.transl()) - pelvis;
  return turned;
}

BodyParams BodyInCrop(const BodyParams& params, const CropMap& map, const Vec3& pelvis) {
  const BodyParams turned = RotateParams(params, pelvis, -map.rotation_rad());
  return map.flip() ? MirrorParams(turned, pelvis) : turned;
}

BodyParams BodyFromCrop(const BodyParams& params_in_crop, const CropMap& map, const Vec3& pelvis) {
  return RotateParams(map.flip() ? MirrorParams(params_in_crop, pelvis) : params_in_crop, pelvis,
                      map.rotation_rad());
}

Camera CameraInCrop(const Camera& camera, const CropMap& map) {
  return {camera.focal_px * map.scale(), map.CropFromImage(camera.center_px)};
}

}  // namespace gyre
