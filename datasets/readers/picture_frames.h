// SPDX-License-Identifier: Apache-2.0
// Brings the keypoints of a file into the frame of its pictures.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "datasets/camera_set.h"
#include "person/person.h"

namespace gyre {

// How keypoints and pictures come together.
struct PictureOptions {
  ExifTurn exif = ExifTurn::kBySize;
  // The size of the pictures that the keypoints are of, to scale them to the pictures that there
  // are: "640x425", or "file", as the file of keypoints says; "": they are taken as they stand.
  // "1x1" of coordinates in 0..1.
  std::string keypoints_of;
  std::filesystem::path camera;  // a file of calibrated cameras (io/camera_file.h), or empty
  std::string camera_name;       // which of them; empty: each picture's own, see camera_set.h
};

class PictureFrames {
 public:
  // `what`: the file of keypoints. UserError of options that cannot be, and of a bad camera file.
  PictureFrames(const PictureOptions& options, const std::string& what);

  // Scales and straightens a person's keypoints, when the picture is known; keypoints that the lens
  // cannot show are not observed. Also sets Person::frame_of_picture and, with a camera, the
  // person's. UserError when the picture's size is needed and cannot be read.
  void Apply(Person* person) const;
  // Where a box of the file is then.
  Box Applied(const Person& person, Box box) const;
  // The camera of the person's lens, if it has one: it goes before the file's own.
  void SetCamera(Person* person) const;

 private:
  void Scale(Person* person) const;

  PictureOptions options_;
  std::string what_;
  int width_ = 0, height_ = 0;  // of `keypoints_of`
  std::shared_ptr<const CameraSet> cameras_;
};

}  // namespace gyre
