// SPDX-License-Identifier: Apache-2.0
// Which calibrated camera took which picture.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/lens.h"

namespace gyre {

class CameraSet {
 public:
  // The cameras of a file (io/camera_file.h), or the one of that name in it. UserError also when
  // there is none of that name.
  explicit CameraSet(const std::filesystem::path& file, const std::string& name = "");

  // A file's only camera took every picture. Of several, the one whose name the picture's path
  // holds: as its file's name, with or without ending, as the beginning of that up to a sign that
  // is no letter or digit, or as a folder's name; the longest such name. Null when there is none.
  std::shared_ptr<const Lens> Of(const std::string& image_name) const;

  // "cam_01, cam_02"
  std::string Names() const;

 private:
  std::map<std::string, std::shared_ptr<const Lens>> lenses_;
};

}  // namespace gyre
