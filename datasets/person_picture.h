// SPDX-License-Identifier: Apache-2.0
// A person's picture in the frame of the keypoints: found, turned as EXIF asks, of the size that
// the file of keypoints says, straightened where its lens bends it.
#pragma once

#include <opencv2/core/mat.hpp>
#include <string>

#include "io/image_header.h"
#include "person/person.h"

namespace gyre {

// 8-bit BGR, see ReadReducedImage for `reduction`. UserError when there is no picture, when it
// cannot be read, and, with both sizes, when it has another size than the keypoints' file says.
cv::Mat LoadPersonPicture(const Person& person, int* reduction);
cv::Mat LoadPersonPicture(const Person& person);

// What its header says, turned like LoadPersonPicture does, whatever the file of keypoints says.
struct PictureOfPerson {
  ImageHeader header;
  int width = 0, height = 0;  // px
};
PictureOfPerson InspectPersonPicture(const Person& person);

// What makes doubtful that picture and keypoints belong together, in one sentence that says what to
// check: another size than the file says or the camera was calibrated for, or most of the keypoints
// outside. Empty when nothing does.
std::string PictureProblem(const Person& person, const PictureOfPerson& picture);

// The last of these alone.
std::string MostlyOutsideText(const Person& person, int width, int height);

// Whether the file says another size than that.
bool HasOtherSize(const Person& person, int width, int height);
// One sentence with both sizes and what to do.
std::string OtherSizeText(const Person& person, int width, int height);

}  // namespace gyre
