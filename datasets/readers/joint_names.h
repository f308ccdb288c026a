// SPDX-License-Identifier: Apache-2.0
// Joints by what annotation tools and data sets call them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "body/joints.h"

namespace gyre {

// The registered joint (body/joints.h) of a name such as "left_shoulder", "LShoulder", "r ankle" or
// "shoulder-left", in any letter case; empty when there is none. As in the data sets that use the
// words: "head" is its top (CrowdPose, Halpe), "neck" and "hip" without a side what people annotate
// (CrowdPose, MPII), toes and heels OpenPose's.
std::string_view JointByName(std::string_view name);

// The joints of a list of such names. Where there are toes or a "mid hip", neck and hip are
// OpenPose's, as in Halpe and BODY_25.
std::vector<std::string_view> JointsByName(std::span<const std::string> names);

// The first of the registered sets that files of people come in which holds all those joints
// (empty ones aside); SPIN's 49 when none does.
const KeypointSet& SetOf(std::span<const std::string_view> joints);

// Whether the names are of people: their shoulders or hips, and wrists or ankles, where animals
// have paws.
bool AreOfPeople(std::span<const std::string> names);

}  // namespace gyre
