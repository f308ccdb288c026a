// SPDX-License-Identifier: Apache-2.0
// A made-up video with known truth: people of motion capture who walk through a picture, cross and
// leave, and what a detector finds of them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "body/body_model.h"
#include "body/retarget.h"
#include "core/camera.h"
#include "core/option_fields.h"
#include "person/person.h"

namespace gyre {

struct VideoSceneOptions {
  int people = 3;
  int frames = 600;
  double every_s = 2.4;  // somebody comes in
  double fps = 30;
  double focal_px = 1500;
  int width = 1920, height = 1080;
  double noise_px = 2;
  double missing_frames = 0.1;  // of a person's: not found at all
  double missing_joints = 0.2;
  double hidden_joints = 0.7;  // of those behind somebody who is nearer
  uint64_t seed = 1;

  void Check() const;
};

template <OptionsOf<VideoSceneOptions> O, typename Visitor>
void VisitFields(O& o, Visitor&& visit) {
  visit("people", o.people, "People in the video");
  visit("frames", o.frames, "Frames of the video");
  visit("every_s", o.every_s, "Seconds from one who comes in to the next");
  visit("fps", o.fps, "Frames per second");
  visit("focal_px", o.focal_px, "Focal length");
  visit("width", o.width, "Of the picture, px");
  visit("height", o.height, "Of the picture, px");
  visit("noise_px", o.noise_px, "Of keypoints, each axis");
  visit("missing_frames", o.missing_frames, "Share of a person's frames in which nobody is found");
  visit("missing_joints", o.missing_joints, "Share of joints that are not found");
  visit("hidden_joints", o.hidden_joints, "Share of joints behind somebody that are not found");
  visit("seed", o.seed, "Of all that is drawn");
}

// Somebody in a frame, in the camera's frame.
struct SceneBody {
  int64_t frame = 0, person = 0;
  int64_t place = -1;  // among who is found in the frame; -1: not found
  BodyParams params;
};

struct VideoScene {
  std::vector<SceneBody> bodies;  // frame by frame, of each person while they are to be seen
  std::vector<std::vector<Keypoints>> found;  // of each frame, in an order of its own; body25
};

// `clips`: of walking; those that go straight are taken in turn, repeated where they are too short.
// UserError when there is none.
VideoScene MakeVideoScene(const BodyModel& body, const std::vector<PoseClip>& clips,
                          const VideoSceneOptions& options);

}  // namespace gyre
