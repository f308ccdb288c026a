// SPDX-License-Identifier: Apache-2.0
#include "loop/detection/detect_video.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.h"
#include "core/file.h"
#include "core/fingerprint.h"
#include "core/progress.h"
#include "datasets/readers/frame_names.h"
#include "io/option_json.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSearchFile = ".search";  // whose files the folder holds
constexpr std::string_view kEnding = "_keypoints.json";

// Empties the folder of another search's files, or says that it is somebody else's.
void TakeFolder(const fs::path& folder, const std::string& search) {
  const fs::path file = folder / kSearchFile;
  std::error_code error;
  if (fs::exists(file, error) && ReadFile(file) == search) return;
  const bool ours = fs::exists(file, error);
  std::vector<fs::path> old;
  if (fs::exists(folder, error)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name == kSearchFile) continue;
      if (!ours || !name.ends_with(kEnding)) {
        ThrowUserError("{}: is there already and holds '{}'; move it away or choose another --out",
                       folder.string(), name);
      }
      old.push_back(entry.path());
    }
  }
  for (const fs::path& path : old) fs::remove(path);
  MakeFolder(folder);
  WriteFileAtomically(file, search);
}

}  // namespace

nlohmann::ordered_json OpenPoseFrameOf(const std::vector<FoundPerson>& people) {
  static const KeypointConversion convert(FindKeypointSet("blazepose33"),
                                          FindKeypointSet("body25"));
  nlohmann::ordered_json listed = nlohmann::ordered_json::array();
  const auto rounded = [](double value, double steps) { return std::round(value * steps) / steps; };
  for (const FoundPerson& person : people) {
    const Keypoints found = convert(person.keypoints);
    std::vector<double> numbers;
    for (int j = 0; j < found.size(); ++j) {
      const bool seen = found.Observed(j);
      numbers.push_back(seen ? rounded(found.px(j, 0), 100) : 0);
      numbers.push_back(seen ? rounded(found.px(j, 1), 100) : 0);
      numbers.push_back(seen ? rounded(found.confidence[j], 1e4) : 0);
    }
    listed.push_back({{"pose_keypoints_2d", numbers}});
  }
  return {{"version", 1.3}, {"people", listed}};
}

std::vector<fs::path> PictureFiles(const fs::path& folder) {
  constexpr std::string_view kEndings[] = {".jpg", ".jpeg", ".png", ".webp",
                                           ".bmp", ".tif",  ".tiff"};
  std::vector<fs::path> pictures;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    std::string ending = entry.path().extension().string();
    std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (!hidden && std::ranges::count(kEndings, ending) > 0) pictures.push_back(entry.path());
  }
  std::ranges::sort(pictures, [](const fs::path& a, const fs::path& b) {
    return NaturalLess(a.filename().string(), b.filename().string());
  });
  return pictures;
}

void DetectVideo(const DetectOptions& options, const VideoDetectTask& task) {
  PeopleFinder finder(options);
  Fingerprint search;
  search.Add(task.input);
  search.Add(FieldsToJson(options).dump());
  TakeFolder(task.folder, search.Hex());
  Progress progress("detect", "frames", task.frames);
  int64_t frames = 0;
  for (VideoFrame frame; task.next(&frame); ++frames) {
    progress.Advance();
    const fs::path file = task.folder / (frame.name + std::string(kEnding));
    std::error_code error;
    if (fs::exists(file, error)) continue;
    WriteFileAtomically(file, OpenPoseFrameOf(finder.Find(frame.picture)).dump());
  }
  if (frames == 0) ThrowUserError("{}: holds no frame; it is an empty video", task.input);
}

}  // namespace gyre
