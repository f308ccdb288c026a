// SPDX-License-Identifier: Apache-2.0
// What mirroring and turning a picture, and moving its camera, does to the body in it.
//
// A point of the body in the camera is x = R_0 (y - J_0) + J_0 + t, with the pelvis J_0 of the rest
// pose at this shape (RestJoints::PelvisAt). A map A of space (a rotation Q about the camera's
// axis, or the mirror M = diag(-1, 1, 1)) keeps this form when the pelvis' position is mapped too:
//   rotation   R_0' = Q R_0,    t' = Q (J_0 + t) - J_0
//   mirror     R_0' = M R_0 M,  t' = M (J_0 + t) - J_0,  joints' rotations M R M, sides swapped
// The rotation is exact. The mirror is exact for a body that is its own mirror image about x = 0 in
// every shape; on SMPL, which is nearly so, it is as near as SMPL is.
#pragma once

#include "body/body_model.h"
#include "core/camera.h"

namespace gyre {

// pose [3J]: sides swapped, and each axis-angle (x, y, z) becomes (x, -y, -z).
VecX MirrorPose(const BodyLayout& layout, const Eigen::Ref<const VecX>& pose);

// Below, `rest` is of the body whose parameters these are.

// The body as the mirrored camera (x -> -x) sees it. The shape stays.
BodyParams MirrorParams(const BodyParams& params, const RestJoints& rest);

// The body turned about the camera's z axis by an angle (radians, clockwise on the screen).
BodyParams RotateParams(const BodyParams& params, const RestJoints& rest, double angle_rad);

// The body of which every point is where `rotation` x + `translation` is.
BodyParams MoveParams(const BodyParams& params, const RestJoints& rest, const Mat3& rotation,
                      const Vec3& translation);

// The parameters of the body that is seen in the crop, and back.
// With CameraInCrop(camera, map) the crop's picture of the result equals the warped picture of the
// original exactly, for every box, size, angle and flip. map.CropCamera(camera) is the same camera
// when the principal point is the box's centre (SPIN's crop camera is), or when the map neither
// turns nor flips; otherwise it misses by the fixed offset between the two principal points.
BodyParams BodyInCrop(const BodyParams& params, const CropMap& map, const RestJoints& rest);
BodyParams BodyFromCrop(const BodyParams& params_in_crop, const CropMap& map,
                        const RestJoints& rest);

// The camera of the turned and mirrored crop: focal length scaled, principal point mapped along.
Camera CameraInCrop(const Camera& camera, const CropMap& map);

}  // namespace gyre
