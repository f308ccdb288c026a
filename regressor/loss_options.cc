// SPDX-License-Identifier: Apache-2.0
#include "regressor/loss_options.h"

#include <cmath>

#include "core/error.h"

namespace gyre {

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
  check("expression", expression);
  check("camera", camera);
  check("uvd", uvd);
  check("volumes", volumes);
  check("twist", twist);
  check("axis_angle", axis_angle);
  check("body_joints", body_joints);
  check("vertices", vertices);
  check("vertices_after", static_cast<double>(vertices_after));
  check("mesh_vertices", mesh_vertices);
  check("mesh_keypoints_2d", mesh_keypoints_2d);
  check("mesh_keypoints_3d", mesh_keypoints_3d);
  check("joint_distance", joint_distance);
  check("root_path", root_path);
  check("reprojection", reprojection);
  check("bones", bones);
  check("unlabelled_after", static_cast<double>(unlabelled_after));
  check("silhouette", silhouette);
  check("silhouette_pixels", silhouette_pixels);
  check("parts", parts);
  check("mask", mask);
  check("silhouette_after", static_cast<double>(silhouette_after));
  if (!(silhouette_sigma_px > 0 && silhouette_sigma_px <= 64)) {
    ThrowUserError("silhouette_sigma_px: {} is not in (0, 64]", silhouette_sigma_px);
  }
  check("openpose_joints", openpose_joints);
  check("annotated_joints", annotated_joints);
  check("fit_sd_rad", fit_sd_rad);
}

}  // namespace gyre
