// SPDX-License-Identifier: Apache-2.0
#include "tools/detected_data.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/fingerprint.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "images:", kKeypoints = "keypoints=";

// One data set's text without its weight, and the weight with its star.
void NameOne(const fs::path& folder, std::string* spec, std::vector<DetectTask>* tasks) {
  if (!spec->starts_with(kKind)) return;
  const size_t question = std::min(spec->find('?'), spec->size());
  const std::string options = "&" + spec->substr(std::min(question + 1, spec->size()));
  if (options.find("&" + std::string(kKeypoints)) != std::string::npos) return;
  const fs::path images = spec->substr(kKind.size(), question - kKind.size());
  Fingerprint name;
  name.Add(fs::absolute(images).lexically_normal().string());
  const fs::path file = folder / (name.Hex() + ".json");
  if (file.string().find_first_of(",*?&") != std::string::npos) {
    ThrowUserError(
        "{}: keypoints of pictures cannot be kept there, its name holds one of , * ? &; choose "
        "another --run",
        folder.string());
  }
  *spec += (question == spec->size() ? '?' : '&') + std::string(kKeypoints) + file.string();
  DetectTask& task = tasks->emplace_back();
  task.images = images;
  task.out = file;
  task.reuse = true;
}

}  // namespace

fs::path DetectedFolder(const fs::path& run) {
  fs::path beside = run.lexically_normal();
  if (!beside.has_filename()) beside = beside.parent_path();  // "runs/mine/"
  return beside += ".keypoints";
}

std::vector<DetectTask> NameDetected(const fs::path& folder, std::string* specs) {
  std::vector<DetectTask> tasks;
  std::string named;
  for (size_t begin = 0; begin <= specs->size();) {
    const size_t end = std::min(specs->find(',', begin), specs->size());
    std::string spec = specs->substr(begin, end - begin);
    begin = end + 1;
    const size_t star = std::min(spec.rfind('*'), spec.size());
    const std::string weight = spec.substr(star);
    spec.resize(star);
    NameOne(folder, &spec, &tasks);
    named += (named.empty() ? "" : ",") + spec + weight;
  }
  *specs = named;
  return tasks;
}

}  // namespace gyre
