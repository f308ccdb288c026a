// SPDX-License-Identifier: Apache-2.0
#include "regressor/detector_files.h"

#include <cstdlib>
#include <string_view>

#include "core/error.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDetectorName = "pose_detection.tflite";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<fs::path> UsersFolder() {
  if (const std::string data = Variable("XDG_DATA_HOME"); !data.empty()) {
    return fs::path(data) / "gyre/detector";
  }
  if (const std::string home = Variable("HOME"); !home.empty()) {
    return fs::path(home) / ".local/share/gyre/detector";
  }
  return std::nullopt;
}

}  // namespace

std::optional<fs::path> FindDetectorFolder(const std::string& given) {
  std::error_code ignored;
  const std::string variable = Variable("GYRE_DETECTOR");
  const std::string& asked = given.empty() ? variable : given;
  if (!asked.empty()) {
    if (fs::is_directory(asked, ignored)) return asked;
    ThrowUserError("{} {} is no folder; give the one that tools/get_detector filled",
                   given.empty() ? "GYRE_DETECTOR" : "--detector", asked);
  }
  const auto users = UsersFolder();
  return users && fs::is_directory(*users, ignored) ? users : std::nullopt;
}

bool IsDetectorFolder(const fs::path& folder) {
  std::error_code ignored;
  for (const char* size : {"lite", "full", "heavy"}) {
    const std::string name = std::string("pose_landmark_") + size + ".tflite";
    if (fs::is_regular_file(folder / name, ignored)) return true;
  }
  return false;
}

fs::path DetectorFile(const std::string& given, const std::string& name) {
  const auto folder = FindDetectorFolder(given);
  std::error_code ignored;
  if (folder && fs::is_regular_file(*folder / name, ignored)) return *folder / name;
  // In the package itself the detector has another name.
  const fs::path packed = folder.value_or("") / "pose_solution_packed_assets.data";
  if (name == kDetectorName && fs::is_regular_file(packed, ignored)) return packed;
  ThrowUserError(
      "people are found in pictures by networks that are not part of gyre, and {} is not there; "
      "run "
      "tools/get_detector once, or give the folder of @mediapipe/pose's files as --detector DIR",
      folder ? (*folder / name).string() : name);
}

}  // namespace gyre
