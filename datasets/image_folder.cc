// SPDX-License-Identifier: Apache-2.0
#include "datasets/image_folder.h"

#include <algorithm>
#include <opencv2/core.hpp>

#include "body/body_parts.h"
#include "core/error.h"
#include "datasets/check.h"
#include "io/image.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

cv::Mat ReadPicture(const std::string& path, const Sample& sample, int* reduction) {
  try {
    cv::Mat picture = ReadReducedImage(path, reduction);
    GYRE_CHECK(picture.type() == CV_8UC3 && picture.isContinuous());
    return picture;
  } catch (const UserError& error) {
    ThrowUserError("data set {}, row {}: {}", sample.dataset, sample.index, error.what());
  }
}

cv::Mat ReadPicture(const std::string& path, const Sample& sample) {
  int reduction = 1;
  return ReadPicture(path, sample, &reduction);
}

}  // namespace

fs::path PathInFolder(const fs::path& dir, const std::string& file, const std::string& what) {
  const fs::path relative = fs::path(file).lexically_normal();
  const bool leaves = relative.empty() || relative == "." || relative.is_absolute() ||
                      *relative.begin() == ".." || file.find('\0') != std::string::npos;
  if (leaves) {
    ThrowUserError("{}: the picture's name '{}' must be a path below the picture folder", what,
                   file);
  }
  return dir / relative;
}

KeypointPlacer::KeypointPlacer(const KeypointSet& source)
    : spin_positions_(SpinPositionsOf(source)) {}

void KeypointPlacer::Place(const Points2& points_px, const VecX& confidence, Sample* sample) const {
  GYRE_CHECK(points_px.rows() == static_cast<int>(spin_positions_.size()) &&
             confidence.size() == points_px.rows());
  for (int i = 0; i < points_px.rows(); ++i) {
    const int position = spin_positions_[i];
    if (position < 0 || confidence[i] <= 0) continue;
    sample->keypoints_px.row(position) = points_px.row(i);
    sample->keypoints_confidence[position] = confidence[i];
  }
  LeaveOutImpossible(sample);
}

ImageFolderDataset::ImageFolderDataset(std::string name, std::vector<Sample> samples)
    : name_(std::move(name)), samples_(std::move(samples)) {}

Sample ImageFolderDataset::Get(int64_t position) const {
  GYRE_CHECK(position >= 0 && position < size());
  return samples_[position];
}

ImageBuffer ImageFolderDataset::LoadImage(const Sample& sample) const {
  return LoadImageAtScale(sample, 1);
}

ImageBuffer ImageFolderDataset::LoadImageAtScale(const Sample& sample, double scale) const {
  if (sample.image_path.empty()) {
    ThrowUserError("data set {}, row {}: it has no picture", name_, sample.index);
  }
  int reduction = 1;
  while (reduction < 8 && 2 * reduction * scale <= 1) reduction *= 2;  // 8: the most of JPEG
  const cv::Mat picture = ReadPicture(sample.image_path, sample, &reduction);
  ImageBuffer image{picture.cols, picture.rows, 3, {}, reduction};
  image.pixels.assign(picture.data, picture.data + picture.total() * 3);
  return image;
}

ImageBuffer ImageFolderDataset::LoadSilhouette(const Sample& sample) const {
  if (sample.silhouette_path.empty()) return Dataset::LoadSilhouette(sample);
  const cv::Mat picture = ReadPicture(sample.silhouette_path, sample);
  ImageBuffer image{picture.cols, picture.rows, 3, std::vector<uint8_t>(picture.total() * 3, 0)};
  for (size_t i = 0; i < picture.total(); ++i) {
    const uint8_t* bgr = picture.data + 3 * i;
    if (bgr[0] | bgr[1] | bgr[2]) std::fill_n(&image.pixels[3 * i], 3, 255);
  }
  return image;
}

ImageBuffer ImageFolderDataset::LoadParts(const Sample& sample) const {
  if (sample.parts_path.empty()) return Dataset::LoadParts(sample);
  const cv::Mat picture = ReadPicture(sample.parts_path, sample);
  ImageBuffer labels{picture.cols, picture.rows, 1, std::vector<uint8_t>(picture.total())};
  for (size_t i = 0; i < picture.total(); ++i) {
    const uint8_t label = picture.data[3 * i];
    if (label > kNumBodyParts && label != kUnknownPart) {
      ThrowUserError(
          "data set {}, row {}: {}: a pixel has the label {}; expected 0 (background), "
          "1 to {} (parts) or {} (unknown)",
          name_, sample.index, sample.parts_path, label, kNumBodyParts, kUnknownPart);
    }
    labels.pixels[i] = label;
  }
  return labels;
}

}  // namespace gyre
