// SPDX-License-Identifier: Apache-2.0
#include "regressor/loss_options.h"

#include <cmath>

#include "core/error.h"

namespace gyre {

const char* LossNormName(LossNorm norm) { return norm == LossNorm::kSquared ? "squared" : "l1"; }

LossNorm LossNormFromName(const std::string& name) {
  if (name == "squared") return LossNorm::kSquared;
  if (name == "l1") return LossNorm::kL1;
  ThrowUserError("loss norm: \"{}\" is not one of squared, l1", name);
}

const char* LossMeanName(LossMean mean) { return mean == LossMean::kAll ? "all" : "observed"; }

LossMean LossMeanFromName(const std::string& name) {
  if (name == "all") return LossMean::kAll;
  if (name == "observed") return LossMean::kObserved;
  ThrowUserError("loss mean: \"{}\" is not one of observed, all", name);
}

void LossOptions::Check() const {
  const auto check = [](const char* name, double value) {
    if (!(value >= 0 && std::isfinite(value))) {
      ThrowUserError("loss weight {}: {} is not a number >= 0", name, value);
    }
  };
  check("total", total);
  check("keypoints_2d", keypoints_2d);
  check("keypoints_3d", keypoints_3d);
  check("pose", pose);
  check("betas", betas);
  check("camera", camera);
  check("vertices", vertices);
  check("vertices_after", static_cast<double>(vertices_after));
  check("openpose_joints", openpose_joints);
  check("annotated_joints", annotated_joints);
  check("fit_sd_rad", fit_sd_rad);
}

}  // namespace gyre
