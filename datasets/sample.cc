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

Camera ReferenceCamera(const Sample& sample) {
  return sample.camera ? CropMap(sample.box, kReferenceCropPx).CropCamera(*sample.camera)
                       : SpinCropCamera();
}

Camera ImageCamera(const Sample& sample) {
  return sample.camera ? *sample.camera
                       : CropMap(sample.box, kReferenceCropPx).ImageCamera(SpinCropCamera());
}

void HoldOutLimbJoints(int count, uint64_t seed, Sample* sample) {
  // A joint's names, and where a foot would tell of its ankle.
  struct LimbJoint {
    std::vector<std::string_view> names, tell_tales;
  };
  static const LimbJoint kLimbJoints[] = {
      {{"OP RAnkle", "Right Ankle"}, {"OP RBigToe", "OP RSmallToe", "OP RHeel"}},
      {{"OP LAnkle", "Left Ankle"}, {"OP LBigToe", "OP LSmallToe", "OP LHeel"}},
      {{"OP RKnee", "Right Knee"}, {}},
      {{"OP LKnee", "Left Knee"}, {}},
      {{"OP RWrist", "Right Wrist"}, {}},
      {{"OP LWrist", "Left Wrist"}, {}},
      {{"OP RElbow", "Right Elbow"}, {}},
      {{"OP LElbow", "Left Elbow"}, {}}};
  const auto observed = [&](const std::vector<std::string_view>& names) {
    std::vector<int> positions;
    for (const std::string_view name : names) {
      const int position = SpinJoints().IndexOf(name);
      if (sample->keypoints_confidence[position] > 0) positions.push_back(position);
    }
    return positions;
  };
  std::vector<const LimbJoint*> candidates;
  for (const LimbJoint& joint : kLimbJoints) {
    if (!observed(joint.names).empty()) candidates.push_back(&joint);
  }
  const auto all = BoxAroundPoints(sample->keypoints_px, sample->keypoints_confidence, 1);
  sample->held_out_unit_px = sample->box.side_px;
  Rng rng(seed, RngStream::kNoise, /*epoch=*/1, static_cast<uint64_t>(sample->index));
  for (; count > 0 && !candidates.empty(); --count) {
    const auto chosen = candidates.begin() + static_cast<int64_t>(rng.Below(candidates.size()));
    for (const int position : observed((*chosen)->tell_tales)) {
      sample->keypoints_confidence[position] = 0;
    }
    for (const int position : observed((*chosen)->names)) {
      sample->keypoints_confidence[position] = 0;
      sample->held_out.push_back(position);
    }
    candidates.erase(chosen);
  }
  if (sample->held_out.empty()) return;
  // Nor may the box tell where they are: it follows the bounds of those that are left.
  const auto left = BoxAroundPoints(sample->keypoints_px, sample->keypoints_confidence, 1);
  if (!all || !left) return;
  const double ratio = left->side_px / all->side_px;
  sample->box = {left->center_px + ratio * (sample->box.center_px - all->center_px),
                 ratio * sample->box.side_px};
}

}  // namespace gyre
