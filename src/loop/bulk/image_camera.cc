// SPDX-License-Identifier: Apache-2.0
#include "loop/bulk/image_camera.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "datasets/person_picture.h"
#include "io/exif.h"

namespace gyre {

std::string WideViewText(const CameraChoice& choice, double focal_px, int width, int height) {
  const int longer = std::max(width, height);
  if (longer <= kWidestView * focal_px) return "";
  const double view_deg = 2 * std::atan2(longer / 2.0, focal_px) * 180 / std::numbers::pi;
  return fmt::format(
      "a focal length of {:.4g} px is a field of view of {:.0f} degrees for a picture of {} x {} "
      "pixels; {}",
      focal_px, view_deg, width, height,
      choice.focal_px > 0
          ? fmt::format("is it mm? --focal-mm {0:.4g} takes it as that of a full-frame camera",
                        focal_px)
          : "calibrate so wide a lens and give --camera");
}

std::string SetImageCamera(const CameraChoice& choice, FitInput* input) {
  const Person& person = input->person;
  if (person.box.side_px == 0 || person.frame_of_picture.lens) return "";
  input->problem.camera = Camera{};
  int width = person.image_width, height = person.image_height;
  double focal_px = choice.focal_px;
  if (width == 0 || choice.focal_of_exif) {
    if (person.image_path.empty()) return "the size of the image is not known without a picture";
    try {
      const PictureOfPerson picture = InspectPersonPicture(person);
      if (width == 0) width = picture.width, height = picture.height;
      focal_px = ExifFocalPx(picture.header.exif, width, height).value_or(0);
    } catch (const UserError& error) {
      return error.what();
    }
    if (choice.focal_of_exif && focal_px <= 0) {
      return fmt::format("{}: its EXIF tells no focal length; give --focal or --focal-mm",
                         person.image_path);
    }
  }
  if (choice.focal_px > 0) focal_px = choice.focal_px;
  if (choice.focal_mm > 0) focal_px = FullFrameFocalPx(choice.focal_mm, width, height);
  std::string problem = WideViewText(choice, focal_px, width, height);
  if (!problem.empty()) return problem;
  const Vec2 middle((width - 1) / 2.0, (height - 1) / 2.0);
  input->problem.camera = {focal_px, choice.center_px.value_or(middle)};
  return "";
}

}  // namespace gyre
