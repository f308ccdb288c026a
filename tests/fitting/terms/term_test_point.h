// SPDX-License-Identifier: Apache-2.0
// A body of odd numbers, where no two are alike, for the tests of terms.
#pragma once

#include "body/joints.h"
#include "core/rng.h"
#include "fitting/term_check.h"
#include "fitting/test_problems.h"

namespace gyre {

struct TermTestPoint {
  std::shared_ptr<const BodyModel> body = MakeStickBody();
  FoldedJoints joints{*body, SpinJoints()};

  // In front of the camera; `seed` says which.
  BodyParams Params(uint64_t seed) const {
    Rng rng(seed, RngStream::kTest);
    BodyParams params(*body->layout);
    for (double& value : params.pose()) value = 0.3 * rng.Normal();
    for (double& value : params.betas()) value = rng.Normal();
    params.rotation(0) =
        Vec3(3.0, 0.2, -0.4) + 0.1 * Vec3(rng.Normal(), rng.Normal(), rng.Normal());
    params.transl() = Vec3(0.1, -0.2, 6) + 0.2 * Vec3(rng.Normal(), rng.Normal(), rng.Normal());
    return params;
  }
  TermPoint At(double sigma_px = 0) const { return {joints, {Params(3)}, Params(4), sigma_px}; }
};

}  // namespace gyre
