// SPDX-License-Identifier: Apache-2.0
// Keypoints that cameras see.
//   e = pixel_scale (project(rotation X + translation) - keypoint)      reference pixels
//   r = weight e / sqrt(1 + |e|^2 / sigma^2)      so that |r|^2 = weight^2 gm(|e|),
//                                                 gm(e) = sigma^2 e^2 / (sigma^2 + e^2)
// or, robust per coordinate, each of e_x and e_y by itself; without a scale, r = weight e. An
// observation may have a scale of its own, sigma times its sigma_scale.
#pragma once

#include <memory>
#include <vector>

#include "core/camera.h"
#include "fitting/terms/term.h"

namespace gyre {

struct TermSources;

// A camera that sees the body: X_view = rotation X + translation.
struct View {
  Camera camera;
  double pixel_scale = 1;  // reference pixels per pixel of the camera
  Mat3 rotation = Mat3::Identity();
  Vec3 translation = Vec3::Zero();
};

// One keypoint to explain.
struct Observation {
  int joint = 0;  // position in the FoldedJoints
  Vec2 point_px = Vec2::Zero();
  double weight = 0;  // multiplies the residual: the confidence
  int view = 0;
  double sigma_scale = 1;  // its share of the robust norm's scale
};

class ReprojectionTerm final : public JointTerm {
 public:
  ReprojectionTerm(std::vector<Observation> observations, std::vector<View> views,
                   bool robust_per_coordinate = false);

  const std::vector<Observation>& observations() const { return observations_; }
  const std::vector<View>& views() const { return views_; }

  int Joint(int group) const override { return observations_[group].joint; }
  // False when the joint is not in front of the camera.
  bool EvaluateAt(int group, double sigma_px, const Vec3& joint, Vec3* residual,
                  Derivative* derivative) const override;

 private:
  std::vector<Observation> observations_;
  std::vector<View> views_;
  bool robust_per_coordinate_;
};

std::unique_ptr<const Term> MakeReprojectionTerm(const TermSources& sources);

}  // namespace gyre
