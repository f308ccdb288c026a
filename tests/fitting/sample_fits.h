// SPDX-License-Identifier: Apache-2.0
// Stored fits and layouts for the tests of what keeps fits.
#pragma once

#include <string>

#include "fitting/store/stored_fit.h"

namespace gyre {

inline FitLayout MakeLayout(const std::string& family, int joints, int betas, int expression) {
  FitLayout layout;
  layout.family = family;
  for (int k = 0; k < joints; ++k) layout.joints.push_back("joint " + std::to_string(k));
  layout.num_betas = betas;
  layout.num_expression = expression;
  return layout;
}

// No two numbers are equal, and each is exact in single precision: whatever goes astray is seen.
inline StoredFit MakeFit(const FitLayout& layout, int64_t step, double score = 50.5) {
  StoredFit fit(layout);
  const auto fill = [](auto&& values, double first, double step) {
    for (Eigen::Index i = 0; i < values.size(); ++i) values[i] = first + step * i;
  };
  fill(fit.params.pose(), -0.40625, 1 / 128.0);
  fill(fit.params.betas(), 1.25, -5 / 64.0);
  fill(fit.params.expression(), -2.5, 3 / 64.0);
  fit.params.transl() = Vec3(0.125, -0.25, 40.5);
  fit.camera = {4321.5, {101.25, 117.75}};
  fit.score_px2 = score;
  fit.pose_prior = 80.1;
  fit.observed_joints = 13;
  fill(fit.rotation_sd_rad, 0.0625, 1 / 512.0);
  fit.robust_px2 = 7.5F;
  fit.source = FitSource::kLoop;
  fit.step = step;
  return fit;
}

inline StoredFit MakeFit(int64_t step, double score = 50.5) {
  return MakeFit(SmplLayout(), step, score);
}

}  // namespace gyre
