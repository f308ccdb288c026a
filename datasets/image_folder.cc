// SPDX-License-Identifier: Apache-2.0
#include "datasets/image_folder.h"

#include <opencv2/core.hpp>

#include "core/error.h"
#include "datasets/check.h"
#include "io/image.h"

namespace gyre {
namespace fs = std::filesystem;

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
  const std::string what = fmt::format("data set {}, row {}", name_, sample.index);
  if (sample.image_path.empty()) ThrowUserError("{}: it has no picture", what);
  cv::Mat picture;
  try {
    picture = ReadImage(sample.image_path);
  } catch (const UserError& error) {
    ThrowUserError("{}: {}", what, error.what());
  }
  GYRE_CHECK(picture.type() == CV_8UC3 && picture.isContinuous());
  ImageBuffer image{picture.cols, picture.rows, 3, {}};
  image.pixels.assign(picture.data, picture.data + picture.total() * 3);
  return image;
}

}  // namespace gyre
