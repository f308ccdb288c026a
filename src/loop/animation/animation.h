// SPDX-License-Identifier: Apache-2.0
// Bodies over time: what a result of `gyre fit` holds of each person, ready to be written for other
// programs. A clip keeps one shape, since no format of animation changes a skeleton's bones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "core/enum_names.h"
#include "io/camera_path.h"

namespace gyre {

struct AnimatedPerson {
  std::string name;                // "person_0", ...; where each row stands for itself "row_0", ...
  std::vector<int64_t> frames;     // increasing, from 0
  std::vector<BodyParams> params;  // of each
};

// In the camera's frame (x right, y down, z forward) until turned, metres, radians.
struct Animation {
  std::vector<AnimatedPerson> people;
  double fps = 0;          // 0: the file does not say
  int64_t left_out = 0;    // rows without a body
  int64_t num_frames = 0;  // from frame 0 to the last one of anybody
};

// Which axis points up in the file; the person keeps looking at the camera, along +z or -y.
enum class UpAxis { kY, kZ };
template <>
struct EnumNames<UpAxis> {
  static constexpr NameOf<UpAxis> kAll[] = {{UpAxis::kY, "y"}, {UpAxis::kZ, "z"}};
};

// A result of `gyre fit`. One made with --sequence is one person; with a column `track` [N] a
// person a track and the column `frame` [N] its frames; otherwise every row is a person in a clip
// of its own. UserError names the file and key.
Animation ReadAnimation(const std::filesystem::path& fits, const BodyModel& body);

// Every person's betas replaced by their mean over the frames, by which nobody's size flickers;
// where they change, the root keeps its place. Expressions stay.
void HoldShape(const BodyModel& body, Animation* animation);

// Frames between two that are there get rotations and places between theirs.
void FillGaps(const BodyModel& body, AnimatedPerson* person);

// From each frame's camera to that of frame 0, of a camera that moved. UserError when its path ends
// before the animation does.
void ToWorld(const BodyModel& body, const CameraPath& path, Animation* animation);

// From the camera's frame to one whose `up` axis is up.
void TurnUpright(const BodyModel& body, UpAxis up, Animation* animation);

}  // namespace gyre
