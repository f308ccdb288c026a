// SPDX-License-Identifier: Apache-2.0
// A body on its silhouette (silhouette_field.h), both ways: chosen vertices have to lie where the
// body may be, and points of the mask's contour on the body's outline,
//   e = pixel_scale d(project(x))                               d: pixels from where it may be
//   e = pixel_scale normal . (project(x) + offset - contour)    reference pixels
//   r = weight e / sqrt(1 + e^2 / sigma^2)
// one row a vertex, then one a matched point. A match stands for the place of the outline that is
// nearest to a point of the contour (SilhouetteFitter finds them, anew as the body moves): the
// vertex that carries it is `offset` from it. As an outline moves along its own normal as the
// surface below it does, the rows' derivative is that of the outline.
#pragma once

#include <memory>
#include <vector>

#include "body/kinematics.h"
#include "core/camera.h"
#include "fitting/silhouette_field.h"
#include "fitting/terms/term.h"

namespace gyre {

struct OutlineMatch {
  int vertex = 0;
  Vec2 contour_px = Vec2::Zero(), normal = Vec2::Zero();  // of the mask
  Vec2 offset_px = Vec2::Zero();                          // from the vertex to the outline
};

// Of which camera the mask is, and how much its rows count.
struct SilhouetteScale {
  Camera camera;
  double pixel_scale = 1;  // reference pixels per pixel of the camera
  double weight = 1;
  double sigma_px = 0;  // of the robust norm, reference pixels; 0: squared errors
};

class SilhouetteTerm final : public Term {
 public:
  SilhouetteTerm(const BodyModel& body, std::shared_ptr<const SilhouetteField> field,
                 std::vector<int> vertices, std::vector<OutlineMatch> matches,
                 const SilhouetteScale& scale);

  void MarkJoints(std::span<uint8_t>) const override {}
  // No value where a vertex is not in front of the camera.
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

 private:
  std::shared_ptr<const SilhouetteField> field_;
  int num_inside_;  // rows of vertices; the others are of matches
  std::vector<OutlineMatch> matches_;
  SilhouetteScale scale_;
  std::vector<int> place_of_row_;  // among `vertices_`
  std::unique_ptr<const FoldedJoints> vertices_;
};

}  // namespace gyre
