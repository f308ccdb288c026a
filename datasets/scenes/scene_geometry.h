// SPDX-License-Identifier: Apache-2.0
// Who stands where in a synthetic scene: body, camera, occluders and keypoints, without a picture.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "body/body_model.h"
#include "body/hand_pca.h"
#include "body/kinematics.h"
#include "body/pose_prior.h"
#include "core/camera.h"
#include "core/rng.h"
#include "datasets/scenes/synthetic.h"
#include "person/keypoints.h"

namespace gyre {

// A flat thing in front of the person: a rectangle or an ellipse, turned in the image plane.
struct SceneOccluder {
  Vec2 center_px = Vec2::Zero();
  Vec2 half_size_px = Vec2::Zero();
  double angle_rad = 0;
  bool round = false;

  bool Covers(const Vec2& point_px) const;
};

struct SceneGeometry {
  BodyParams params;  // camera frame
  Camera camera;
  // SPIN's 49, as far as the body has them, by which people are placed: camera frame, metres; and
  // projected.
  Points3 joints;
  Points2 joints_px;
  Box box;  // around joints_px, with SPIN's margin 1.2
  std::vector<SceneOccluder> occluders;
  // Of the keypoints that the person is to have: where they are projected, and which are in the
  // frame (as none is that the body lacks) and behind an occluder.
  Points2 keypoints_px;
  std::vector<uint8_t> in_frame, covered;
  double roll_rad = 0;  // of the body in the image; what of it is the camera's turns the room too
  double tilt_rad = 0;
};

class SceneGeometryMaker {
 public:
  SceneGeometryMaker(const BodyModel& body, std::shared_ptr<const PosePrior> prior,
                     const SceneOptions& options);

  SceneGeometry Make(int64_t index) const;
  // See SyntheticDataset::GetInSpinCrop.
  SceneGeometry InSpinCrop(SceneGeometry scene) const;
  const FoldedJoints& joints() const { return joints_; }  // SceneGeometry's

 private:
  PriorPose DrawPose(Rng& rng) const;
  void DrawHandsAndFace(Rng& rng, BodyParams* params) const;
  void Project(SceneGeometry* scene) const;  // joints, keypoints and box from params and camera
  void MarkHidden(SceneGeometry* scene) const;

  const SceneOptions options_;
  const KeypointSet& set_;  // of the persons
  const std::shared_ptr<const BodyLayout> layout_;
  std::shared_ptr<const PosePrior> prior_;
  RowMatX poses_;  // [N,69], when given by a file
  std::vector<HandPca> hands_;
  FoldedJoints joints_;
  std::optional<FoldedJoints> keypoints_;  // unless they are the same
  std::vector<int> keypoint_rows_;         // of the persons' set: what the body has
};

// Keypoints as an annotator would give them.
Keypoints DrawNoisyKeypoints(const SceneGeometry& scene, const KeypointSet& set,
                             const KeypointNoise& noise, Rng& rng);

}  // namespace gyre
