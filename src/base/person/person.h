// SPDX-License-Identifier: Apache-2.0
// One person seen in one picture or frame, and all that is known of them: the one record of that
// kind, from the reader of a file to the network and the fitter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "body/body_model.h"
#include "core/camera.h"
#include "core/heap_optional.h"
#include "person/keypoints.h"
#include "person/picture_frame.h"

namespace gyre {

enum class Gender : int8_t { kUnknown = -1, kMale = 0, kFemale = 1 };

struct Person {
  // Who it is: (dataset, index) names the same person in every run, whatever was selected.
  std::string dataset;   // name of the data set
  int64_t index = 0;     // row there
  int64_t position = 0;  // where Dataset::Get found it; set by who asked for it by position

  // Where it was found.
  std::string source_file;  // the file of keypoints
  std::string image;        // the picture's name; empty when unknown
  std::string image_path;   // the picture's file; empty when there is none
  std::string image_name;   // the picture's path below the folder of pictures
  int image_width = 0;      // of the keypoints' picture, px; 0 when the file does not say
  int image_height = 0;
  PictureFrame frame_of_picture;
  int64_t place = 0;   // among the persons of the picture, from 0; -1: this is nobody
  int64_t id = 0;      // the file's own number (COCO's annotation id), or the row
  int64_t frame = -1;  // of a video, counted from 0; -1 when it is none
  int64_t track = -1;  // who it is from frame to frame; -1 when nobody says

  Box box;  // the person's square box in the image; without size when there is none
  Keypoints keypoints;

  // Keypoints that are known but kept back to measure with: their positions in the set, where
  // keypoints.px holds them and the confidence is 0. See HoldOutLimbJoints.
  std::vector<int> held_out;
  double held_out_unit_px = 0;  // the side of the box around all joints: what errors are a share of

  // The camera of the image; empty when unknown (SPIN's crop camera then stands in, see crops.h).
  std::optional<Camera> camera;

  // Pictures of what the image's pixels show, see Dataset; empty when there are none.
  std::string silhouette_path, parts_path;

  // Ground truth where there is some. `params` in the camera frame of the image when `camera` is
  // known, else up to translation. Joints in camera axes.
  HeapOptional<BodyParams> params;
  bool params_have_translation = false;
  std::optional<SpaceJoints> joints3d;
  Gender gender = Gender::kUnknown;

  // Numbers of the row that could not be (NaN, infinite, beyond any measure) where the file says
  // they count; they were left out.
  int non_finite = 0;
};

// Without a box a person can be neither cropped nor fitted.
bool HasBox(const Person& person);

// Takes numbers that cannot be out of a person; every reader asks for it. They are NaN, infinity,
// pixels beyond a million, metres beyond ten thousand, body parameters beyond a hundred, boxes and
// focal lengths of less than a pixel. Keypoints and 3D joints lose their confidence (which is
// otherwise clipped to 1), a bad box, camera, body or translation is gone. Counts them in
// Person::non_finite; what is gone already is not counted again.
void LeaveOutImpossible(Person* person);

// Takes keypoints out that lie fifty times as far from the middle of the others as those do in the
// median, a slipped digit in a file, and counts them in Person::non_finite: one of them would blow
// up the box that everything is measured by. More than a fifth of the keypoints are no slip, and
// stay. Nothing is said of keypoints that are impossible.
void LeaveOutStray(Person* person);

// Keeps back up to `count` of the ankles, knees, wrists and elbows that are observed, under each of
// their names in the person's set; which ones is a function of (seed, Person::index). What would
// tell of them goes too: the foot of an ankle, the hand of a wrist, and the box, which shrinks as
// the joints' bounds do.
void HoldOutLimbJoints(int count, uint64_t seed, Person* person);

}  // namespace gyre
