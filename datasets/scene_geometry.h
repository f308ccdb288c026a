// SPDX-License-Identifier: Apache-2.0
// Who stands where in a synthetic scene: body, camera, occluders and keypoints, without a picture.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "body/body_model.h"
#include "body/kinematics.h"
#include "body/pose_prior.h"
#include "core/camera.h"
#include "core/rng.h"
#include "datasets/synthetic.h"

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
  BodyParams params{SmplLayout()};  // camera frame
  Camera camera;
  Points3 joints;     // SPIN's 49, camera frame, metres
  Points2 joints_px;  // and projected
  Box box;            // around joints_px, with SPIN's margin 1.2
  std::vector<SceneOccluder> occluders;
  std::array<bool, kNumSpinJoints> in_frame{}, covered{};  // covered: behind an occluder
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
  const FoldedJoints& joints() const { return joints_; }

 private:
  PriorPose DrawPose(Rng& rng) const;
  void Project(SceneGeometry* scene) const;  // joints, joints_px and box from params and camera

  const SceneOptions options_;
  std::shared_ptr<const PosePrior> prior_;
  RowMatX poses_;  // [N,69], when given by a file
  FoldedJoints joints_;
};

// Keypoints and confidences [49] as an annotator would give them.
void DrawNoisyKeypoints(const SceneGeometry& scene, const KeypointNoise& noise, Rng& rng,
                        Points2* keypoints_px, VecX* confidence);

}  // namespace gyre
