// SPDX-License-Identifier: Apache-2.0
#include "datasets/spin_npz.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "datasets/check.h"
#include "io/npz.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

constexpr double kSpinScalePx = 200;

// A file's columns, a block of rows at a time.
class SpinFile {
 public:
  explicit SpinFile(const fs::path& path)
      : path_(path), keys_(NpzKeys(path)), names_(path, "imgname") {
    if (names_.dtype() != DType::kString || names_.shape().size() != 1) {
      ThrowUserError("{}: key 'imgname' must be a list of strings, found {} {}", path.string(),
                     EnumName(names_.dtype()), NdArray{{}, names_.shape(), {}, {}}.ShapeString());
    }
    Open("center", {2}, true, &center);
    Open("scale", {}, true, &scale);
    Open("part", {kNumSupersetJoints, 3}, false, &part);
    Open("openpose", {kNumOpenPoseJoints, 3}, false, &openpose);
    Open("pose", {kNumPoseParams}, false, &pose);
    Open("shape", {kNumShapeParams}, Has("pose"), &shape);
    Open("has_smpl", {}, false, &has_smpl);
    Open("S", {kNumSupersetJoints, 4}, false, &S);
    Open("transl", {3}, false, &transl);
    Open("focal_px", {}, false, &focal_px);
    Open("center_px", {2}, Has("focal_px"), &center_px);
    OpenStrings("gender", &gender);
    OpenStrings("maskname", &maskname);
    OpenStrings("partname", &partname);
  }

  // Reads on; false behind the last row.
  bool NextBlock() {
    constexpr int64_t kBlock = 1024;
    first_row += rows();
    imgname = names_.Next(kBlock).strings;
    for (auto& [rows, strings] : string_columns_) *strings = rows.Next(kBlock).strings;
    for (Column& column : columns_) {
      *column.values = column.rows.Next(kBlock).As<double>(column.what);
    }
    return rows() > 0;
  }

  // The block: its place in the file, and its values; empty for keys that the file lacks.
  int64_t first_row = 0;
  int64_t rows() const { return static_cast<int64_t>(imgname.size()); }
  std::vector<std::string> imgname, gender, maskname, partname;
  std::vector<double> center, scale, part, openpose, pose, shape, has_smpl, S, transl, focal_px,
      center_px;

 private:
  struct Column {
    NpzRows rows;
    std::string what;
    std::vector<double>* values;
  };

  bool Has(const std::string& key) const {
    return std::find(keys_.begin(), keys_.end(), key) != keys_.end();
  }

  // Column `key` with rows of the given shape; [N,1] also passes for [N].
  void Open(const std::string& key, std::vector<int64_t> row_shape, bool required,
            std::vector<double>* values) {
    if (!Has(key) && !required) return;
    NpzRows column(path_, key);
    std::string what = fmt::format("{}: key '{}'", path_.string(), key);
    int64_t row_size = 1;
    for (int64_t extent : row_shape) row_size *= extent;
    const NdArray whole{column.dtype(), column.shape(), {}, {}};
    const int64_t rows = names_.shape()[0];
    if (whole.shape[0] != rows || whole.size() != rows * row_size) {
      ThrowUserError("{}: expected {} rows (as many as 'imgname') of {} numbers, found {}", what,
                     rows, row_size, whole.ShapeString());
    }
    columns_.push_back({std::move(column), std::move(what), values});
  }

  void OpenStrings(const std::string& key, std::vector<std::string>* strings) {
    if (!Has(key)) return;
    NpzRows column(path_, key);
    if (column.dtype() != DType::kString || column.shape() != names_.shape()) {
      ThrowUserError("{}: key '{}' must be as many strings as 'imgname'", path_.string(), key);
    }
    string_columns_.emplace_back(std::move(column), strings);
  }

  fs::path path_;
  std::vector<std::string> keys_;
  NpzRows names_;
  std::vector<std::pair<NpzRows, std::vector<std::string>*>> string_columns_;
  std::vector<Column> columns_;
};

// Rows [count,3] of x, y, confidence into SPIN's positions from `first` on.
void PlaceRows(const double* values, int count, int first, Sample* sample) {
  for (int i = 0; i < count; ++i) {
    const double* v = values + 3 * i;
    if (v[2] <= 0) continue;
    sample->keypoints_px.row(first + i) << v[0], v[1];
    sample->keypoints_confidence[first + i] = v[2];
  }
}

void PlaceTruth(const SpinFile& file, int64_t row, Sample* sample) {
  using Pose = Eigen::Map<const Eigen::Matrix<double, kNumPoseParams, 1>>;
  using Betas = Eigen::Map<const Eigen::Matrix<double, kNumShapeParams, 1>>;
  const bool has_params = !file.pose.empty() && (file.has_smpl.empty() || file.has_smpl[row] > 0);
  if (has_params) {
    BodyParams params{SmplLayout()};
    params.pose() = Pose(&file.pose[kNumPoseParams * row]);
    params.betas() = Betas(&file.shape[kNumShapeParams * row]);
    if (!file.transl.empty()) {
      params.transl() = Eigen::Map<const Vec3>(&file.transl[3 * row]);
      sample->params_have_translation = !params.transl().array().isNaN().all();
      if (!sample->params_have_translation) params.transl().setZero();
    }
    sample->params = params;
  }
  if (!file.S.empty()) {
    const Eigen::Map<const Eigen::Matrix<double, kNumSupersetJoints, 4, Eigen::RowMajor>> S(
        &file.S[4 * kNumSupersetJoints * row]);
    sample->joints3d = Points3::Zero(kNumSupersetJoints, 3);
    sample->joints3d_confidence = VecX::Zero(kNumSupersetJoints);
    for (int i = 0; i < kNumSupersetJoints; ++i) {
      if (S(i, 3) <= 0) continue;
      sample->joints3d->row(i) = S.row(i).head<3>();
      sample->joints3d_confidence[i] = S(i, 3);
    }
  }
}

// `row` counts within the file's block.
Sample SampleOf(const SpinFile& file, int64_t row, const fs::path& path, const fs::path& images,
                const fs::path& masks, const std::string& name) {
  Sample sample;
  sample.dataset = name;
  sample.index = file.first_row + row;
  const std::string what = fmt::format("{}: row {}", path.string(), sample.index);
  sample.image_path = PathInFolder(images, file.imgname[row], what).string();
  if (!file.maskname.empty() && !file.maskname[row].empty()) {
    sample.silhouette_path = PathInFolder(masks, file.maskname[row], what).string();
  }
  if (!file.partname.empty() && !file.partname[row].empty()) {
    sample.parts_path = PathInFolder(masks, file.partname[row], what).string();
  }
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
  if (!file.focal_px.empty() && !(file.focal_px[row] <= 0)) {
    sample.camera =
        Camera{file.focal_px[row], Vec2(file.center_px[2 * row], file.center_px[2 * row + 1])};
  }
  if (!file.gender.empty()) {
    if (file.gender[row] == "m") sample.gender = Gender::kMale;
    if (file.gender[row] == "f") sample.gender = Gender::kFemale;
  }
  LeaveOutImpossible(&sample);
  return sample;
}

}  // namespace

void ReadSpinNpz(const fs::path& path, const fs::path& images, const fs::path& masks,
                 const std::string& name, const SampleSink& sink) {
  SpinFile file(path);
  while (file.NextBlock()) {
    for (int64_t row = 0; row < file.rows(); ++row) {
      sink(SampleOf(file, row, path, images, masks, name));
    }
  }
}

}  // namespace gyre
