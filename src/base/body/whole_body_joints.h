// SPDX-License-Identifier: Apache-2.0
// The registered joints of hands and face (joints.h), and the order of the sets that hold them.
// Hands are OpenPose's: the root, then thumb, index, middle, ring and little finger, each from the
// palm to the tip. Faces are iBUG's 68 points: 0..16 outline, 17..26 brows, 27..35 nose, 36..47
// eyes, 48..67 mouth, each from the person's right.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "body/joints.h"

namespace gyre {

// Fingertips aside, which are landmarks.
std::span<const JointInfo> HandAndFaceJoints();

// Which part of a person a registered joint tells of: of a hand its root too, which is the wrist.
enum class PersonPart { kBody, kLeftHand, kRightHand, kFace };
PersonPart PartOf(const JointInfo& joint);

// COCO-WholeBody (Jin et al. 2020): coco17, 6 of the feet, 68 of the face, left hand, right hand.
std::vector<std::string_view> CocoWholeBody133(std::span<const std::string_view> coco17);
// Halpe (Fang et al. 2022): its 26 of the body, 68 of the face, left hand, right hand.
std::vector<std::string_view> Halpe136(std::span<const std::string_view> halpe26);
// SMPLify-X (Pavlakos et al. 2019): body25, left hand, right hand, the face without its outline,
// the outline.
std::vector<std::string_view> OpenPose135(std::span<const std::string_view> body25);

}  // namespace gyre
