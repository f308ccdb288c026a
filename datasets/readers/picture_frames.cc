// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/picture_frames.h"

#include <spdlog/spdlog.h>

#include <charconv>

#include "core/error.h"
#include "datasets/person_picture.h"

namespace gyre {
namespace {

// "640x425" to its two numbers; false when it is something else.
bool ParseSize(const std::string& text, int* width, int* height) {
  const char* end = text.data() + text.size();
  const auto [x, first] = std::from_chars(text.data(), end, *width);
  if (first != std::errc() || x == end || *x != 'x') return false;
  const auto [rest, second] = std::from_chars(x + 1, end, *height);
  constexpr int kMost = 1 << 20;
  return second == std::errc() && rest == end && *width >= 1 && *width <= kMost && *height >= 1 &&
         *height <= kMost;
}

}  // namespace

PictureFrames::PictureFrames(const PictureOptions& options, const std::string& what)
    : options_(options), what_(what) {
  const std::string& of = options.keypoints_of;
  if (!of.empty() && of != "file" && !ParseSize(of, &width_, &height_)) {
    ThrowUserError("keypoints_of is '{}'; it must be the size of a picture, as 640x425, or file",
                   of);
  }
  if (!options.camera.empty()) {
    cameras_ = std::make_shared<const CameraSet>(options.camera, options.camera_name);
  } else if (!options.camera_name.empty()) {
    ThrowUserError("camera_name '{}' needs a file of cameras (camera=FILE)", options.camera_name);
  }
}

void PictureFrames::Apply(Person* person) const {
  person->frame_of_picture.exif = options_.exif;
  if (!options_.keypoints_of.empty()) Scale(person);
  if (!cameras_) return;
  const auto lens = cameras_->Of(person->image_name);
  person->frame_of_picture.lens = lens;
  if (!lens || lens->IsPinhole()) return;
  Keypoints& keypoints = person->keypoints;
  for (int i = 0; i < keypoints.size(); ++i) {
    if (!keypoints.Observed(i)) continue;
    if (const auto px = lens->PinholeFromPhotograph(keypoints.px.row(i).transpose())) {
      keypoints.px.row(i) = px->transpose();
    } else {
      keypoints.px.row(i).setZero();
      keypoints.confidence[i] = 0;
    }
  }
}

void PictureFrames::Scale(Person* person) const {
  if (width_ > 0) {
    person->image_width = width_;
    person->image_height = height_;
  }
  if (person->image_width == 0) {
    ThrowUserError(
        "{}: does not say of what size its pictures are; give that size, as keypoints_of=640x425",
        what_);
  }
  if (person->image_path.empty()) return;
  Person of_any_size = *person;
  of_any_size.image_width = of_any_size.image_height = 0;
  Keypoints& keypoints = person->keypoints;
  try {
    const PictureOfPerson picture = InspectPersonPicture(of_any_size);
    // Coordinates in 0..1 go from the first pixel's centre to the last one's.
    const bool shares = person->image_width == 1 && person->image_height == 1;
    const int less = shares ? 1 : 0;
    const double half = shares ? 0 : 0.5;
    const Vec2 scale(double(picture.width - less) / person->image_width,
                     double(picture.height - less) / person->image_height);
    person->frame_of_picture.scale = scale;
    for (int i = 0; i < keypoints.size(); ++i) {
      if (!keypoints.Observed(i)) continue;
      const Vec2 px = keypoints.px.row(i).transpose();
      keypoints.px.row(i) = ((px.array() + half) * scale.array() - half).matrix().transpose();
    }
    person->image_width = picture.width;
    person->image_height = picture.height;
  } catch (const UserError& error) {
    spdlog::warn("{}; its keypoints cannot be scaled and are left out", error.what());
    keypoints.confidence.setZero();
  }
}

Box PictureFrames::Applied(const Person& person, Box box) const {
  const PictureFrame& frame = person.frame_of_picture;
  if (frame.scale != Vec2::Ones()) {
    box.center_px = (box.center_px.array() + 0.5) * frame.scale.array() - 0.5;
    box.side_px *= frame.scale.maxCoeff();
  }
  if (frame.lens) {
    box.center_px = frame.lens->PinholeFromPhotograph(box.center_px).value_or(box.center_px);
  }
  return box;
}

void PictureFrames::SetCamera(Person* person) const {
  if (!cameras_) return;
  const auto& lens = person->frame_of_picture.lens;
  person->camera = lens ? lens->Pinhole() : Camera{};  // whose focal length no reader lets pass
}

}  // namespace gyre
