// SPDX-License-Identifier: Apache-2.0
// A person in a crop of the picture: cameras, keypoints and joints follow one map, CropMap
// (core/camera.h), at sub-pixel precision. What it does to bodies is in body/symmetry.h.
#pragma once

#include "core/camera.h"
#include "person/person.h"

namespace gyre {

// Of the box around keypoints, where a file has none: SPIN's.
inline constexpr double kBoxMargin = 1.2;

// The camera of a person's reference crop (the box at 224 px, neither turned nor mirrored): the
// image's own where it is known, SPIN's otherwise.
Camera ReferenceCamera(const Person& person);
// The same camera seen in the whole image.
Camera ImageCamera(const Person& person);

// The square around the whole picture, as wide as that and with its middle at (width, height) / 2:
// VideoPose3D's. UserError where the picture's size is not known.
Box PictureBox(const Person& person);

// Keypoints of the image in a crop, sides exchanged when it is mirrored. Those that are not
// observed stand at zero.
Keypoints KeypointsInCrop(const Keypoints& keypoints, const CropMap& crop);

// Joints in camera axes as the crop's camera sees them: turned and mirrored, sides exchanged.
void JointsInCrop(const CropMap& crop, SpaceJoints* joints);

}  // namespace gyre
