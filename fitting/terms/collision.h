// SPDX-License-Identifier: Apache-2.0
// Keeps a body out of itself: of pairs of triangles that intersect (body/mesh_collision.h), the
// energy of the conic distance field (cone_field.h), one row a pair,
//   r = weight sqrt(energy)
// The pairs are those of one pose: whoever minimises it finds them anew as the body moves.
#pragma once

#include <memory>
#include <vector>

#include "body/kinematics.h"
#include "body/mesh_collision.h"
#include "fitting/terms/cone_field.h"
#include "fitting/terms/term.h"

namespace gyre {

class CollisionTerm final : public Term {
 public:
  CollisionTerm(const BodyModel& body, std::vector<FacePair> pairs, ConeField field, double weight);

  void MarkJoints(std::span<uint8_t>) const override {}
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

 private:
  using Corners = std::array<int, 6>;  // among `vertices_`, of both triangles

  ConeField field_;
  std::vector<Corners> pairs_;
  std::unique_ptr<const FoldedJoints> vertices_;
};

}  // namespace gyre
