// SPDX-License-Identifier: Apache-2.0
// Drives vertices out of limbs that they stand in (body/self_penetration.h). With x_v the vertex, q
// the point of the other limb's triangle by which it comes out, and n the triangle's normal where
// the body was when they were found,
//   r = weight max(0, margin - n . (x_v - q))       one row each
// Skin moves with its bones; what pose correctives add is taken as it was there.
#pragma once

#include <span>
#include <vector>

#include "body/kinematics.h"
#include "body/self_penetration.h"
#include "fitting/terms/term.h"

namespace gyre {

class PenetrationTerm final : public Term {
 public:
  // `found` on vertices that are the body's at `at`, [V,3]. `weight`: pixels of the reference crop
  // per metre.
  PenetrationTerm(const BodyModel& body, std::span<const Penetration> found,
                  const Points3& vertices, const BodyParams& at, double margin_m, double weight);

  void MarkJoints(std::span<uint8_t>) const override {}
  bool Evaluate(std::span<const TermFrame> frames, Eigen::Ref<VecX> residuals,
                std::span<JacobianRows> jacobians) const override;

 private:
  Points3 normals_;
  VecX short_of_;         // margin - n . (x_v - q) less that of the skin without correctives
  FoldedJoints offsets_;  // x_v - q
};

}  // namespace gyre
