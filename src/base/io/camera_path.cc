// SPDX-License-Identifier: Apache-2.0
#include "io/camera_path.h"

#include <Eigen/LU>
#include <Eigen/SVD>
#include <cmath>

#include "core/error.h"
#include "core/fingerprint.h"
#include "io/npz.h"

namespace gyre {
namespace {

constexpr double kRotationError = 1e-2;  // of numbers that were rounded
constexpr double kFarthestM = 1e6;

// The nearest rotation, of numbers that nearly are one.
Mat3 Rounded(const Mat3& numbers, const std::string& what, size_t frame) {
  const bool is_rotation =
      numbers.allFinite() &&
      (numbers * numbers.transpose() - Mat3::Identity()).norm() < kRotationError &&
      numbers.determinant() > 0;
  if (!is_rotation) {
    ThrowUserError(
        "{}: 'rotation' of frame {} is no rotation; it has to take the world's axes to "
        "the camera's",
        what, frame);
  }
  const Eigen::JacobiSVD<Mat3> svd(numbers, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return svd.matrixU() * svd.matrixV().transpose();
}

}  // namespace

CameraPath CameraPath::Read(const std::filesystem::path& path) {
  const std::string what = path.string();
  const Npz npz = ReadNpz(path);
  const NdArray& turns = Get(npz, "rotation", path);
  const NdArray& moves = Get(npz, "translation", path);
  const int64_t frames = turns.shape.empty() ? 0 : turns.dim(0);
  turns.CheckShape({frames, 3, 3}, what + ": 'rotation'");
  moves.CheckShape({frames, 3}, what + ": 'translation'");
  if (frames == 0) ThrowUserError("{}: has no frame", what);
  const std::vector<double> rotation = turns.As<double>(what + ": 'rotation'"),
                            translation = moves.As<double>(what + ": 'translation'");
  std::vector<double> focal(frames, 0);
  const auto zoom = npz.find("focal_px");
  if (zoom != npz.end()) {
    zoom->second.CheckShape({frames}, what + ": 'focal_px'");
    focal = zoom->second.As<double>(what + ": 'focal_px'");
  }
  CameraPath read;
  read.name_ = what;
  Fingerprint fingerprint;
  CameraPlace first;
  for (size_t i = 0; i < static_cast<size_t>(frames); ++i) {
    using Rows = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
    CameraPlace place{Rounded(Eigen::Map<const Rows>(&rotation[9 * i]), what, i),
                      Eigen::Map<const Vec3>(&translation[3 * i]), focal[i]};
    if (!(place.translation.array().abs() <= kFarthestM).all()) {
      ThrowUserError("{}: 'translation' of frame {} is not finite or beyond {} m", what, i,
                     kFarthestM);
    }
    if (zoom != npz.end() && !(place.focal_px > 0 && std::isfinite(place.focal_px))) {
      ThrowUserError("{}: 'focal_px' of frame {} is {}; it must be positive", what, i,
                     place.focal_px);
    }
    if (i == 0) first = place;
    place.rotation = place.rotation * first.rotation.transpose();
    place.translation -= place.rotation * first.translation;
    if (i == 0) place.rotation.setIdentity(), place.translation.setZero();
    fingerprint.AddBytes(place.rotation.data(), 9 * sizeof(double));
    fingerprint.AddBytes(place.translation.data(), 3 * sizeof(double));
    fingerprint.Add(place.focal_px);
    read.places_.push_back(place);
  }
  read.fingerprint_ = fingerprint.Hex();
  return read;
}

}  // namespace gyre
