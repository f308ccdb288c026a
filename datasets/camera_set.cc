// SPDX-License-Identifier: Apache-2.0
#include "datasets/camera_set.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "core/error.h"
#include "io/camera_file.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

// Whether a part of a path is the camera's: its name, or its name and more behind a sign.
bool BelongsTo(std::string_view part, std::string_view camera) {
  if (camera.empty() || !part.starts_with(camera)) return false;
  if (part.size() == camera.size()) return true;
  const auto next = static_cast<unsigned char>(part[camera.size()]);
  return !std::isalnum(next) && next < 0x80;
}

}  // namespace

CameraSet::CameraSet(const fs::path& file, const std::string& name) {
  for (NamedLens& camera : ReadCameraFile(file)) {
    if (!name.empty() && camera.name != name) continue;
    lenses_[camera.name] = std::make_shared<const Lens>(std::move(camera.lens));
  }
  if (!lenses_.empty()) return;
  for (const NamedLens& camera : ReadCameraFile(file)) lenses_[camera.name] = nullptr;
  ThrowUserError("{}: has no camera '{}'; it has {}", file.string(), name, Names());
}

std::shared_ptr<const Lens> CameraSet::Of(const std::string& image_name) const {
  if (lenses_.size() == 1) return lenses_.begin()->second;
  std::shared_ptr<const Lens> found;
  size_t longest = 0;
  for (const auto& entry : lenses_) {
    const std::string& name = entry.first;
    const bool whole = image_name == name;  // names may be paths
    const bool part = std::ranges::any_of(
        fs::path(image_name), [&](const fs::path& part) { return BelongsTo(part.string(), name); });
    if ((whole || part) && name.size() > longest) {
      longest = name.size();
      found = entry.second;
    }
  }
  return found;
}

std::string CameraSet::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, lens] : lenses_) names.push_back(name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace gyre
