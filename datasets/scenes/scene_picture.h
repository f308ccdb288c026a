// SPDX-License-Identifier: Apache-2.0
// How a synthetic scene looks: clothes, light, room, things in front, and the camera's noise.
// Nothing in it tells left from right.
#pragma once

#include <opencv2/core/mat.hpp>
#include <vector>

#include "body/body_model.h"
#include "core/rng.h"
#include "datasets/scenes/scene_geometry.h"

namespace gyre {

// Where on the body each vertex is, worked out once from the rest pose and the skin weights.
class BodyRegions {
 public:
  explicit BodyRegions(const BodyModel& body);

  // sRGB per vertex [V,3] in [0,1]: skin, hair, face, shirt, trousers, shoes.
  Points3 DrawColors(Rng& rng) const;

 private:
  enum class Part : uint8_t { kTorso, kArm, kLeg, kHand, kFoot, kHead };
  struct Place {
    Part part = Part::kTorso;
    // Torso: height, 0 at the pelvis, 1 at the neck. Arm: 0 shoulder, 1 elbow, 2 wrist. Leg: 0
    // hip, 1 knee, 2 ankle. Foot: 0 ankle, 1 sole. Head: 0 neck, 1 top.
    double along = 0;
    double facing = 0;  // head: 1 straight ahead, -1 behind
  };
  std::vector<Place> places_;
  std::vector<uint8_t> is_eye_;
  Points3 template_;
};

// A room or an open place, BGR. `horizon_px` is the row where floor meets wall at the middle.
cv::Mat DrawBackground(int width_px, int height_px, double horizon_px, double roll_rad, Rng& rng);

// The whole picture, BGR.
cv::Mat DrawScene(const BodyModel& body, const BodyRegions& regions, const SceneGeometry& scene,
                  int width_px, int height_px, Rng& rng);

}  // namespace gyre
