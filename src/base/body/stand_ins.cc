// SPDX-License-Identifier: Apache-2.0
#include "body/stand_ins.h"

#include "body/joints.h"
#include "core/error.h"

namespace gyre {

std::string StandInsText(const BodyModel& body) {
  if (body.J_regressor_extra.rows() > 0 || !HasJoint(body, FindJoint("Right Hip"))) return "";
  constexpr int kSpinsVertices = 6890;  // of the mesh that SPIN's regressor is for
  return fmt::format(
      "{}: has no regressor for SPIN's nine joints (hips, neck, pelvis, thorax, top of the head "
      "...); stand-ins between its other joints serve, which moves fits by a pixel and more; {}",
      body.name,
      body.num_vertices() == kSpinsVertices
          ? "give SPIN's J_regressor_extra.npy to --joint-regressor-extra"
          : "give one for its mesh, [9, vertices], to --joint-regressor-extra if there is one");
}

}  // namespace gyre
