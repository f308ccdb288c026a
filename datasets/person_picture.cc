// SPDX-License-Identifier: Apache-2.0
#include "datasets/person_picture.h"

#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "datasets/picture_lookup.h"
#include "io/image.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

fs::path PathOf(const Person& person) {
  const fs::path found = FindPictureFile(person.image_path);
  return found.empty() ? fs::path(person.image_path) : found;  // whose reader says what is missing
}

ImageOrientation WantedOrientation(const Person& person, const ImageHeader& header) {
  const auto is_size = [&](int64_t width, int64_t height) {
    return person.image_width == width && person.image_height == height;
  };
  switch (person.frame_of_picture.exif) {
    case ExifTurn::kApply:
      return ImageOrientation::kUpright;
    case ExifTurn::kIgnore:
      return ImageOrientation::kAsStored;
    case ExifTurn::kBySize:
      break;
  }
  const bool only_as_stored = is_size(header.width, header.height) &&
                              !is_size(header.upright_width(), header.upright_height());
  return only_as_stored ? ImageOrientation::kAsStored : ImageOrientation::kUpright;
}

PictureOfPerson TurnedFor(const Person& person, const ImageHeader& header) {
  const bool upright = WantedOrientation(person, header) == ImageOrientation::kUpright;
  return {header, static_cast<int>(upright ? header.upright_width() : header.width),
          static_cast<int>(upright ? header.upright_height() : header.height)};
}

// How many of a person's keypoints lie outside a picture of that size.
struct Outside {
  int observed = 0, keypoints = 0;
  Vec2 farthest = Vec2::Zero();  // to the right and below
};
Outside OutsideOf(const Person& person, int width, int height) {
  constexpr double kSlackPx = 1;
  Outside outside;
  for (int i = 0; i < person.keypoints.size(); ++i) {
    if (!person.keypoints.Observed(i)) continue;
    const Vec2 px = person.keypoints.px.row(i).transpose();
    const Vec2 beyond = (px - Vec2(width - 1, height - 1)).cwiseMax(-px);
    ++outside.observed;
    outside.keypoints += beyond.maxCoeff() > kSlackPx;
    outside.farthest = outside.farthest.cwiseMax(px);
  }
  return outside;
}

// The picture that the lens' pinhole would have taken, as large.
cv::Mat Straightened(const cv::Mat& photograph, const Lens& lens) {
  cv::Mat from_x(photograph.size(), CV_32F), from_y(photograph.size(), CV_32F);
  for (int y = 0; y < photograph.rows; ++y) {
    for (int x = 0; x < photograph.cols; ++x) {
      const Vec2 from = lens.PhotographFromPinhole(Vec2(x, y));
      from_x.at<float>(y, x) = static_cast<float>(from.x());
      from_y.at<float>(y, x) = static_cast<float>(from.y());
    }
  }
  cv::Mat straight;
  cv::remap(photograph, straight, from_x, from_y, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
  return straight;
}

}  // namespace

bool HasOtherSize(const Person& person, int width, int height) {
  return person.image_width > 0 && (person.image_width != width || person.image_height != height);
}

std::string OtherSizeText(const Person& person, int width, int height) {
  const bool turned = person.image_width == height && person.image_height == width;
  return fmt::format(
      "{}: has {} x {} pixels, but the keypoints are of a picture of {} x {}; {}",
      PathOf(person).string(), width, height, person.image_width, person.image_height,
      turned ? "it is turned against its keypoints: turn it back, or annotate it again"
             : "name the picture that they are of, or have them scaled (--keypoints-of file, "
               "SPEC?keypoints_of=file)");
}

cv::Mat LoadPersonPicture(const Person& person, int* reduction) {
  if (person.image_path.empty()) {
    ThrowUserError("data set {}, row {}: it has no picture", person.dataset, person.index);
  }
  const Lens* lens = person.frame_of_picture.lens.get();
  const bool bent = lens != nullptr && !lens->IsPinhole();
  if (bent) *reduction = 1;
  const cv::Mat picture =
      ReadReducedImage(PathOf(person), reduction, [&](const ImageHeader& header) {
        const PictureOfPerson turned = TurnedFor(person, header);
        if (HasOtherSize(person, turned.width, turned.height)) {
          throw UserError(OtherSizeText(person, turned.width, turned.height));
        }
        return WantedOrientation(person, header);
      });
  return bent ? Straightened(picture, *lens) : picture;
}

cv::Mat LoadPersonPicture(const Person& person) {
  int reduction = 1;
  return LoadPersonPicture(person, &reduction);
}

std::string MostlyOutsideText(const Person& person, int width, int height) {
  constexpr int kFewest = 4;  // of fewer each is named by itself
  const Outside outside = OutsideOf(person, width, height);
  if (outside.observed < kFewest || 2 * outside.keypoints <= outside.observed) return "";
  return fmt::format(
      "{}: {} of {} keypoints lie outside its {} x {} pixels, as far as ({:.0f}, {:.0f}): are they "
      "of this picture, at this size? --keypoints-of WIDTHxHEIGHT (SPEC?keypoints_of=) scales "
      "those of another size",
      PathOf(person).string(), outside.keypoints, outside.observed, width, height,
      outside.farthest.x(), outside.farthest.y());
}

std::string PictureProblem(const Person& person, const PictureOfPerson& picture) {
  const int width = picture.width, height = picture.height;
  if (HasOtherSize(person, width, height)) return OtherSizeText(person, width, height);
  const Lens* lens = person.frame_of_picture.lens.get();
  if (lens != nullptr && lens->width > 0 && (lens->width != width || lens->height != height)) {
    return fmt::format(
        "{}: has {} x {} pixels, but its camera was calibrated for {} x {}; give the calibration "
        "of "
        "these pictures",
        PathOf(person).string(), width, height, lens->width, lens->height);
  }
  const bool turned = picture.header.exif.SwapsSides() && person.image_width == 0 &&
                      person.frame_of_picture.exif == ExifTurn::kBySize;
  const int outside = OutsideOf(person, width, height).keypoints;
  if (turned && outside > 0 && OutsideOf(person, height, width).keypoints == 0) {
    return fmt::format(
        "{}: {} keypoints lie outside its {} x {} pixels as EXIF turns it, and none outside those "
        "stored, {} x {}: if they are of the picture as it is stored, give exif=ignore",
        PathOf(person).string(), outside, width, height, height, width);
  }
  return MostlyOutsideText(person, width, height);
}

PictureOfPerson InspectPersonPicture(const Person& person) {
  return TurnedFor(person, ReadImageHeader(PathOf(person)));
}

}  // namespace gyre
