// SPDX-License-Identifier: Apache-2.0
#include "datasets/sample.h"

#include <algorithm>

#include "core/error.h"
#include "core/rng.h"

namespace gyre {

ImageBuffer Dataset::LoadImageAtScale(const Sample& sample, double /*scale*/) const {
  return LoadImage(sample);
}

ImageBuffer Dataset::LoadSilhouette(const Sample& sample) const {
  ThrowUserError(
      "data set {}, row {}: it has no silhouette; synthetic scenes (synth:) and files "
      "in SPIN's layout with 'maskname' have",
      name(), sample.index);
}

ImageBuffer Dataset::LoadParts(const Sample& sample) const {
  ThrowUserError(
      "data set {}, row {}: it has no part labels; files in SPIN's layout with "
      "'partname' have",
      name(), sample.index);
}

void HoldOutLimbJoints(int count, uint64_t seed, Sample* sample) {
  static constexpr std::string_view kLimbJoints[][2] = {
      {"OP RAnkle", "Right Ankle"}, {"OP LAnkle", "Left Ankle"},  {"OP RKnee", "Right Knee"},
      {"OP LKnee", "Left Knee"},    {"OP RWrist", "Right Wrist"}, {"OP LWrist", "Left Wrist"},
      {"OP RElbow", "Right Elbow"}, {"OP LElbow", "Left Elbow"}};
  std::vector<std::vector<int>> observed;  // limb joints, each with its positions
  for (const auto& names : kLimbJoints) {
    std::vector<int> positions;
    for (const std::string_view name : names) {
      const int position = SpinJoints().IndexOf(name);
      if (sample->keypoints_confidence[position] > 0) positions.push_back(position);
    }
    if (!positions.empty()) observed.push_back(std::move(positions));
  }
  Rng rng(seed, RngStream::kNoise, /*epoch=*/1, static_cast<uint64_t>(sample->index));
  for (; count > 0 && !observed.empty(); --count) {
    const auto chosen = observed.begin() + static_cast<int64_t>(rng.Below(observed.size()));
    for (const int position : *chosen) {
      sample->keypoints_confidence[position] = 0;
      sample->held_out.push_back(position);
    }
    observed.erase(chosen);
  }
}

}  // namespace gyre
