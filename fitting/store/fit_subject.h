// SPDX-License-Identifier: Apache-2.0
// Who a body is of and how they are seen: what `gyre fit`, `gyre predict` and `gyre fits export`
// write of every row, under the same keys. A store keeps none of it, for its data sets have it.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "core/camera.h"
#include "fitting/store/fit_fields.h"

namespace gyre {

struct FitSubject {
  static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

  // With `row` the same person in every run and file, whatever was left out.
  std::string dataset;
  int64_t row = -1;
  std::string source_file, image;
  int64_t person = -1, id = -1;       // -1: not known
  Box box{{kNaN, kNaN}, kNaN};        // NaN: none
  double pixel_scale = 1;             // pixels of the 224 px reference crop per pixel of the image
  Camera camera{kNaN, {kNaN, kNaN}};  // of the whole image
  Camera crop_camera{kNaN, {kNaN, kNaN}};  // the same in the crop

  // Sets box, pixel_scale and the two cameras from the image's: a box without size is none, and the
  // crop then the image.
  void SetView(const Box& box, const Camera& image_camera);
};

// Calls visit(doc, get) for fields of whatever is a FitSubject: get(of) is the text or number. What
// names the person and picture:
template <typename Visit>
void ForEachNameField(Visit&& visit) {
  using enum FieldShape;
  visit(
      FieldDoc{"source_file", kOne, "", "where the row comes from"},
      [](auto& of) -> auto& { return of.source_file; });
  visit(
      FieldDoc{"image", kOne, "", "the picture"}, [](auto& of) -> auto& { return of.image; });
  visit(
      FieldDoc{"person", kOne, "", "counts from 0 within the image"},
      [](auto& of) -> auto& { return of.person; });
  visit(
      FieldDoc{"id", kOne, "",
               "the source file's own number of the person (COCO's annotation id), else the row"},
      [](auto& of) -> auto& { return of.id; });
}

inline constexpr FieldDoc kPixelScaleDoc = {
    "pixel_scale", FieldShape::kOne, "1",
    "pixels of the person's 224 px crop per pixel of the image"};

// And where they are.
template <typename Visit>
void ForEachPlaceField(Visit&& visit) {
  using enum FieldShape;
  visit(
      FieldDoc{"dataset", kOne, "", "name of the data set: its kind, or what its `name=` says"},
      [](auto& of) -> auto& { return of.dataset; });
  visit(
      FieldDoc{"row", kOne, "",
               "of the person in the data set's file, counted from 0 over all that it lists, also "
               "over who is left out or not fitted; with `dataset` the same person in every file"},
      [](auto& of) -> auto& { return of.row; });
  visit(
      FieldDoc{"box_center_px", kTwo, "px", "of the person's square box x, y; NaN without a box"},
      [](auto& of) -> auto& { return of.box.center_px; });
  visit(
      FieldDoc{"box_side_px", kOne, "px", "its side"},
      [](auto& of) -> auto& { return of.box.side_px; });
  visit(
      FieldDoc{"image_focal_px", kOne, "px", "focal length of the camera of the whole image"},
      [](auto& of) -> auto& { return of.camera.focal_px; });
  visit(
      FieldDoc{"image_center_px", kTwo, "px",
               "its principal point x, y; pixel centres at integers"},
      [](auto& of) -> auto& { return of.camera.center_px; });
  visit(
      FieldDoc{"crop_focal_px", kOne, "px",
               "focal length of the same camera in the box's crop of 224 px"},
      [](auto& of) -> auto& { return of.crop_camera.focal_px; });
  visit(
      FieldDoc{"crop_center_px", kTwo, "px", "its principal point there"},
      [](auto& of) -> auto& { return of.crop_camera.center_px; });
}

}  // namespace gyre
