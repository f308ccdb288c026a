// SPDX-License-Identifier: Apache-2.0
#include "datasets/spin_npz.h"

#include <cmath>

#include "core/error.h"
#include "datasets/image_folder.h"
#include "io/npz.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

constexpr double kSpinScalePx = 200;

// The columns of one file, converted and checked; empty when absent.
class SpinFile {
 public:
  explicit SpinFile(const fs::path& path) : path_(path), npz_(ReadNpz(path)) {
    const NdArray& names = gyre::Get(npz_, "imgname", path);
    if (names.dtype != DType::kString || names.shape.size() != 1) {
      ThrowUserError("{}: key 'imgname' must be a list of strings, found {} {}", path.string(),
                     DTypeName(names.dtype), names.ShapeString());
    }
    imgname = names.strings;
    center = Numbers("center", {2}, true);
    scale = Numbers("scale", {}, true);
    part = Numbers("part", {kNumSupersetJoints, 3}, false);
    openpose = Numbers("openpose", {kNumOpenPoseJoints, 3}, false);
    pose = Numbers("pose", {kNumPoseParams}, false);
    shape = Numbers("shape", {kNumShapeParams}, !pose.empty());
    has_smpl = Numbers("has_smpl", {}, false);
    S = Numbers("S", {kNumSupersetJoints, 4}, false);
    transl = Numbers("transl", {3}, false);
    focal_px = Numbers("focal_px", {}, false);
    center_px = Numbers("center_px", {2}, !focal_px.empty());
    if (const auto found = npz_.find("gender"); found != npz_.end()) {
      found->second.CheckShape({rows()}, path.string() + ": key 'gender'");
      gender = found->second.strings;
    }
    npz_.clear();
  }

  int64_t rows() const { return static_cast<int64_t>(imgname.size()); }

  std::vector<std::string> imgname, gender;
  std::vector<double> center, scale, part, openpose, pose, shape, has_smpl, S, transl, focal_px,
      center_px;

 private:
  // Column `key` with rows of the given shape; [N,1] also passes for [N].
  std::vector<double> Numbers(const std::string& key, std::vector<int64_t> row_shape,
                              bool required) const {
    const auto found = npz_.find(key);
    if (found == npz_.end() && !required) return {};
    const NdArray& array = gyre::Get(npz_, key, path_);
    const std::string what = fmt::format("{}: key '{}'", path_.string(), key);
    int64_t row_size = 1;
    for (int64_t extent : row_shape) row_size *= extent;
    const bool rows_match = !array.shape.empty() && array.shape[0] == rows();
    if (!rows_match || array.size() != rows() * row_size) {
      ThrowUserError("{}: expected {} rows (as many as 'imgname') of {} numbers, found {}", what,
                     rows(), row_size, array.ShapeString());
    }
    return array.As<double>(what);
  }

  fs::path path_;
  Npz npz_;
};

// Rows [count,3] of x, y, confidence into SPIN's positions from `first` on.
void PlaceRows(const double* values, int count, int first, Sample* sample) {
  for (int i = 0; i < count; ++i) {
    const double* v = values + 3 * i;
    if (v[2] <= 0) continue;
    if (!std::isfinite(v[0]) || !std::isfinite(v[1]) || !std::isfinite(v[2])) {
      ++sample->non_finite;
      continue;
    }
    sample->keypoints_px.row(first + i) << v[0], v[1];
    sample->keypoints_confidence[first + i] = std::min(v[2], 1.0);
  }
}

void PlaceTruth(const SpinFile& file, int64_t row, Sample* sample) {
  using Pose = Eigen::Map<const Eigen::Matrix<double, kNumPoseParams, 1>>;
  using Betas = Eigen::Map<const Eigen::Matrix<double, kNumShapeParams, 1>>;
  const bool has_params = !file.pose.empty() && (file.has_smpl.empty() || file.has_smpl[row] > 0);
  if (has_params) {
    BodyParams params;
    params.pose = Pose(&file.pose[kNumPoseParams * row]);
    params.betas = Betas(&file.shape[kNumShapeParams * row]);
    if (!file.transl.empty()) {
      const Vec3 transl = Eigen::Map<const Vec3>(&file.transl[3 * row]);
      sample->params_have_translation = transl.allFinite();
      if (transl.allFinite()) params.transl = transl;
    }
    if (params.pose.allFinite() && params.betas.allFinite()) {
      sample->params = params;
    } else {
      ++sample->non_finite;
    }
  }
  if (!file.S.empty()) {
    const Eigen::Map<const Eigen::Matrix<double, kNumSupersetJoints, 4, Eigen::RowMajor>> S(
        &file.S[4 * kNumSupersetJoints * row]);
    sample->joints3d = Points3::Zero(kNumSupersetJoints, 3);
    sample->joints3d_confidence = VecX::Zero(kNumSupersetJoints);
    for (int i = 0; i < kNumSupersetJoints; ++i) {
      if (S(i, 3) <= 0) continue;
      if (!S.row(i).allFinite()) {
        ++sample->non_finite;
        continue;
      }
      sample->joints3d->row(i) = S.row(i).head<3>();
      sample->joints3d_confidence[i] = std::min(S(i, 3), 1.0);
    }
  }
}

Sample SampleOf(const SpinFile& file, int64_t row, const fs::path& path, const fs::path& images,
                const std::string& name) {
  Sample sample;
  sample.dataset = name;
  sample.index = row;
  sample.image_path =
      PathInFolder(images, file.imgname[row], fmt::format("{}: row {}", path.string(), row))
          .string();
  sample.box = {Vec2(file.center[2 * row], file.center[2 * row + 1]),
                kSpinScalePx * file.scale[row]};
  if (!file.openpose.empty()) {
    PlaceRows(&file.openpose[3 * kNumOpenPoseJoints * row], kNumOpenPoseJoints, 0, &sample);
  }
  if (!file.part.empty()) {
    PlaceRows(&file.part[3 * kNumSupersetJoints * row], kNumSupersetJoints, kNumOpenPoseJoints,
              &sample);
  }
  PlaceTruth(file, row, &sample);
  if (!file.focal_px.empty() && file.focal_px[row] > 0) {
    sample.camera =
        Camera{file.focal_px[row], Vec2(file.center_px[2 * row], file.center_px[2 * row + 1])};
  }
  if (!file.gender.empty()) {
    if (file.gender[row] == "m") sample.gender = Gender::kMale;
    if (file.gender[row] == "f") sample.gender = Gender::kFemale;
  }
  return sample;
}

}  // namespace

std::shared_ptr<const Dataset> ReadSpinNpz(const fs::path& path, const fs::path& images,
                                           const std::string& name) {
  const SpinFile file(path);
  std::vector<Sample> samples;
  samples.reserve(file.rows());
  for (int64_t row = 0; row < file.rows(); ++row) {
    samples.push_back(SampleOf(file, row, path, images, name));
  }
  return std::make_shared<ImageFolderDataset>(name, std::move(samples));
}

}  // namespace gyre
