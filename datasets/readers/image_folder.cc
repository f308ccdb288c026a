// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/image_folder.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <opencv2/core.hpp>

#include "body/body_parts.h"
#include "core/error.h"
#include "datasets/person_picture.h"
#include "io/image.h"

namespace gyre {
namespace {

// What `read` returns; its UserError also names the row.
template <typename Read>
cv::Mat OfRow(const Person& person, Read&& read) {
  try {
    cv::Mat picture = read();
    GYRE_CHECK(picture.type() == CV_8UC3 && picture.isContinuous());
    return picture;
  } catch (const UserError& error) {
    ThrowUserError("data set {}, row {}: {}", person.dataset, person.index, error.what());
  }
}

cv::Mat ReadMask(const std::string& path, const Person& person) {
  return OfRow(person, [&] { return ReadImage(path); });
}

}  // namespace

ImageFolderDataset::ImageFolderDataset(std::string name, std::vector<Person> persons)
    : name_(std::move(name)), persons_(std::move(persons)) {}

Person ImageFolderDataset::Get(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size());
  return persons_[position];
}

ImageBuffer ImageFolderDataset::LoadImage(const Person& person) const {
  return LoadImageAtScale(person, 1);
}

ImageBuffer ImageFolderDataset::LoadImageAtScale(const Person& person, double scale) const {
  if (person.image_path.empty()) {
    ThrowUserError("data set {}, row {}: it has no picture", name_, person.index);
  }
  int reduction = 1;
  while (reduction < 8 && 2 * reduction * scale <= 1) reduction *= 2;  // 8: the most of JPEG
  const cv::Mat picture = OfRow(person, [&] { return LoadPersonPicture(person, &reduction); });
  const std::string outside =
      MostlyOutsideText(person, picture.cols * reduction, picture.rows * reduction);
  if (!outside.empty() && !told_outside_.test_and_set()) {
    spdlog::warn("data set {}, row {}: {}; gyre data check lists all such", name_, person.index,
                 outside);
  }
  ImageBuffer image{picture.cols, picture.rows, 3, {}, reduction};
  image.pixels.assign(picture.data, picture.data + picture.total() * 3);
  return image;
}

ImageBuffer ImageFolderDataset::LoadSilhouette(const Person& person) const {
  if (person.silhouette_path.empty()) return Dataset::LoadSilhouette(person);
  const cv::Mat picture = ReadMask(person.silhouette_path, person);
  ImageBuffer image{picture.cols, picture.rows, 3, std::vector<uint8_t>(picture.total() * 3, 0)};
  for (size_t i = 0; i < picture.total(); ++i) {
    const uint8_t* bgr = picture.data + 3 * i;
    if (bgr[0] | bgr[1] | bgr[2]) std::fill_n(&image.pixels[3 * i], 3, 255);
  }
  return image;
}

ImageBuffer ImageFolderDataset::LoadParts(const Person& person) const {
  if (person.parts_path.empty()) return Dataset::LoadParts(person);
  const cv::Mat picture = ReadMask(person.parts_path, person);
  ImageBuffer labels{picture.cols, picture.rows, 1, std::vector<uint8_t>(picture.total())};
  for (size_t i = 0; i < picture.total(); ++i) {
    const uint8_t label = picture.data[3 * i];
    if (label > kNumBodyParts && label != kUnknownPart) {
      ThrowUserError(
          "data set {}, row {}: {}: a pixel has the label {}; expected 0 (background), "
          "1 to {} (parts) or {} (unknown)",
          name_, person.index, person.parts_path, label, kNumBodyParts, kUnknownPart);
    }
    labels.pixels[i] = label;
  }
  return labels;
}

}  // namespace gyre
