// SPDX-License-Identifier: Apache-2.0
// A camera that moves: where it is in each frame of a video, as structure from motion or a tracker
// gives it. A .npz file with
//   rotation    [F,3,3]   of each frame, and
//   translation [F,3]     metres:   X_camera = rotation X_world + translation
//   focal_px    [F]       optional: of a camera that zooms
// The world here is the first frame's camera, whatever it is in the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/types.h"

namespace gyre {

struct CameraPlace {
  Mat3 rotation = Mat3::Identity();
  Vec3 translation = Vec3::Zero();
  double focal_px = 0;  // 0: the file does not say
};

class CameraPath {
 public:
  // UserError names the file, the key, and the frame at fault.
  static CameraPath Read(const std::filesystem::path& path);

  int64_t num_frames() const { return static_cast<int64_t>(places_.size()); }
  // From the first frame's camera to that frame's; the first's is the identity.
  const CameraPlace& At(int64_t frame) const { return places_.at(static_cast<size_t>(frame)); }
  const std::string& name() const { return name_; }  // the file
  // Of all numbers.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  std::string name_, fingerprint_;
  std::vector<CameraPlace> places_;
};

}  // namespace gyre
