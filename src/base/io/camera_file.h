// SPDX-License-Identifier: Apache-2.0
// Files of calibrated cameras:
//   .yml .yaml .json   OpenCV's FileStorage and what is like it (ROS, EasyMocap's intri.yml)
//   .toml              Pose2Sim's calibration
// A camera is an object of these keys, of each kind the first that is there, whatever the case:
//   camera_matrix cameraMatrix matrix K mtx intrinsics ...   3 x 3 numbers, px; or fx fy cx cy
//   distortion_coefficients distortions dist distCoeffs D    optional, see core/lens.h
//   image_width and image_height, or size image_size         optional, px
//   fisheye, or distortion_model: fisheye or equidistant     optional
// One camera stands at the file's root; several as the values of names ([cam_01], "cameras": [...])
// or in keys that end with their names (K_01, dist_01, as EasyMocap and OpenCV's stereo samples).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/lens.h"

namespace gyre {

struct NamedLens {
  std::string name;  // empty of a file's only camera that has none
  Lens lens;
};

// At least one, by name. UserError names file, camera and key.
std::vector<NamedLens> ReadCameraFile(const std::filesystem::path& path);
// `ending` as ".toml".
std::vector<NamedLens> ParseCameraFile(std::string_view content, const std::string& ending,
                                       const std::string& what);

}  // namespace gyre
