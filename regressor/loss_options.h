// SPDX-License-Identifier: Apache-2.0
// Weights of the training losses. Free of Torch; losses/losses.h has the formulas.
#pragma once

#include <cstdint>

#include "core/enum_names.h"
#include "core/option_fields.h"

namespace gyre {

enum class LossNorm { kSquared, kL1 };
template <>
struct EnumNames<LossNorm> {
  static constexpr NameOf<LossNorm> kAll[] = {{LossNorm::kSquared, "squared"},
                                              {LossNorm::kL1, "l1"}};
};

// What a keypoint term is divided by.
//   kObserved  the sum of confidences: a person with few keypoints teaches as much per keypoint
//   kAll       the number of entries, observed or not (SPIN)
enum class LossMean { kObserved, kAll };
template <>
struct EnumNames<LossMean> {
  static constexpr NameOf<LossMean> kAll[] = {{LossMean::kObserved, "observed"},
                                              {LossMean::kAll, "all"}};
};

// The defaults are SPIN's.
struct LossOptions {
  double total = 60;        // multiplies the sum of all terms
  double keypoints_2d = 5;  // on [-1,1] crop coordinates
  double keypoints_3d = 5;  // metres, hip-centred
  double pose = 1;          // rotation matrices
  double betas = 0.001;
  double expression = 0.001;   // of bodies that have one
  double camera = 1;           // keeps the camera's scale positive
  double uvd = 1;              // where joints are seen, of outputs that say so
  double volumes = 1;          // heat maps, likewise
  double twist = 0.1;          // cosine and sine of bones' twists, of outputs that say so
  double axis_angle = 0;       // rotations as axis-angle (Pose2Pose), which wrap at a full turn
  double body_joints = 0;      // 3D joints of the body that teaches, metres, hip-centred
  double vertices = 0;         // mean absolute difference, metres; the mesh is posed only if > 0
  int64_t vertices_after = 0;  // steps without that term at first
  // Of a mesh that the network says as such, beside the body that is made of it (GraphCMR: 1).
  double mesh_vertices = 1, mesh_keypoints_2d = 1, mesh_keypoints_3d = 1;
  // Of lifted clips (VideoPose3D: 1), see losses/lifted_losses.cc: joints in space, where the root
  // is, and of people without labels where joints are seen and how long bones are.
  double joint_distance = 0, root_path = 0, reprojection = 0, bones = 0;
  int64_t unlabelled_after = 0;  // steps without these last two at first
  // Of people with masks, see losses/silhouette_losses.cc: the body as it is seen, by overlap and
  // pixel by pixel, and its parts, which are drawn only if they weigh; and masks that the network
  // says as such.
  double silhouette = 0, silhouette_pixels = 0, parts = 0, mask = 0;
  int64_t silhouette_after = 0;      // steps without the first three at first
  double silhouette_sigma_px = 0.5;  // how soft bodies are drawn: near what a crop of a mask is
  // Of joints in the 2D term: OpenPose's (of SPIN's 49 the first 25) and what people annotated.
  double openpose_joints = 0;
  double annotated_joints = 1;
  // Each joint's rotation teaches with weight s^2 / (s^2 + sd^2), where sd is how unsure the fit is
  // of it (FitUncertainty), radians, and s this; 0: all alike (SPIN).
  double fit_sd_rad = 0;
  LossNorm norm = LossNorm::kSquared;  // of the keypoint, pose and shape terms
  LossMean mean = LossMean::kAll;

  // Whether a term draws bodies; and what it takes of people.
  bool DrawsBodies() const { return silhouette > 0 || silhouette_pixels > 0 || parts > 0; }
  bool NeedsMasks() const { return silhouette > 0 || silhouette_pixels > 0 || mask > 0; }
  bool NeedsParts() const { return parts > 0; }

  // UserError names the field and its value.
  void Check() const;
};

template <OptionsOf<LossOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("total", o.total, "Multiplies all terms");
  visit("keypoints_2d", o.keypoints_2d, "Weight of the keypoints");
  visit("keypoints_3d", o.keypoints_3d, "Weight of 3D joints");
  visit("pose", o.pose, "Weight of the rotations");
  visit("betas", o.betas, "Weight of the shape");
  visit("expression", o.expression, "Weight of the expression, where the body has one");
  visit("camera", o.camera, "Weight against a negative camera scale");
  visit("uvd", o.uvd, "Weight of where joints are seen, for networks that say so");
  visit("volumes", o.volumes, "Weight of heat maps, likewise");
  visit("twist", o.twist, "Weight of bones' twists, for networks that say so");
  visit("axis_angle", o.axis_angle, "Weight of the rotations as axis-angle");
  visit("body_joints", o.body_joints, "Weight of the 3D joints of bodies that teach");
  visit("vertices", o.vertices, "Weight of the vertices");
  visit("vertices_after", o.vertices_after, "Steps without the vertices at first");
  visit("mesh_vertices", o.mesh_vertices, "Weight of the vertices of a mesh that is said as such");
  visit("mesh_keypoints_2d", o.mesh_keypoints_2d, "Weight of its keypoints");
  visit("mesh_keypoints_3d", o.mesh_keypoints_3d, "Weight of its joints");
  visit("joint_distance", o.joint_distance, "Weight of the distance of lifted joints, metres");
  visit("root_path", o.root_path, "Weight of the distance of their root, over its depth");
  visit("reprojection", o.reprojection,
        "Weight of where lifted joints of people without labels are seen");
  visit("bones", o.bones, "Weight of their mean bone lengths against those of labelled people");
  visit("unlabelled_after", o.unlabelled_after, "Steps without these two at first");
  visit("silhouette", o.silhouette, "Weight of how the drawn body overlaps the person's mask");
  visit("silhouette_pixels", o.silhouette_pixels, "Weight of the same pixel by pixel");
  visit("parts", o.parts, "Weight of how the body's drawn parts overlap the person's");
  visit("mask", o.mask, "Weight of the mask, for networks that say one");
  visit("silhouette_after", o.silhouette_after, "Steps without drawn bodies at first");
  visit("silhouette_sigma_px", o.silhouette_sigma_px,
        "Softness of drawn bodies, standard deviation in pixels of the crop");
  visit("openpose_joints", o.openpose_joints,
        "Weight of OpenPose's joints (of the 49 the first 25)");
  visit("annotated_joints", o.annotated_joints, "Weight of the others");
  visit("fit_sd_rad", o.fit_sd_rad,
        "Uncertainty of a fitted rotation at which it teaches half as much (0: all alike)");
  visit("norm", o.norm, "Of the keypoint, pose and shape terms (SPIN: squared)");
  visit("mean", o.mean, "Entries that keypoint terms are divided by (SPIN: all)");
}

}  // namespace gyre
