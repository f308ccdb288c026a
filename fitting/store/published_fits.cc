// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/published_fits.h"

#include <Eigen/LU>
#include <algorithm>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/so3.h"
#include "io/json.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A fit without a camera or score of its own.
StoredFit StaticFit(const FitLayout& layout) {
  StoredFit fit(layout);
  fit.camera = SpinCropCamera();
  fit.score_px2 = std::numeric_limits<double>::infinity();
  fit.source = FitSource::kStatic;
  return fit;
}

FitFile ReadSpin(const Eigen::Ref<const RowMatX>& pose, const Eigen::Ref<const RowMatX>& betas,
                 const std::function<bool(int64_t row)>& has_fit, const fs::path& path,
                 const std::string& dataset) {
  RequireDataset(dataset, path);
  FitFile file = FitFile::InMemory({{dataset, pose.rows(), ""}}, SmplLayout(), {}, path);
  for (int64_t row = 0; row < pose.rows(); ++row) {
    if (!has_fit(row)) continue;
    StoredFit fit = StaticFit(file.layout());
    fit.params.pose() = pose.row(row);
    fit.params.betas() = betas.row(row);
    PutFit(&file, dataset, row, fit, path, row);
  }
  return file;
}

// Numbers of lists in lists, one after the other.
void AppendNumbers(const json& list, const std::string& what, std::vector<double>* numbers) {
  for (const json& item : list) {
    if (item.is_array()) {
      AppendNumbers(item, what, numbers);
    } else if (item.is_number()) {
      numbers->push_back(item.get<double>());
    } else {
      ThrowUserError("{}: expected numbers, found {}", what, item.type_name());
    }
  }
}

StoredFit EftFit(const json& entry, const FitLayout& layout, const std::string& what) {
  constexpr int kMatrix = 9;
  constexpr double kNoRotation = 0.1;  // |R R^T - I|
  const auto joints = static_cast<int>(layout.joints.size());
  std::vector<double> pose, shape;
  AppendNumbers(JsonArray(entry, "parm_pose", what), what + ": key 'parm_pose'", &pose);
  AppendNumbers(JsonArray(entry, "parm_shape", what), what + ": key 'parm_shape'", &shape);
  if (std::ssize(pose) != kMatrix * joints || std::ssize(shape) != layout.num_betas) {
    ThrowUserError(
        "{}: expected {} numbers in 'parm_pose' (a rotation matrix for each of SMPL's joints) and "
        "{} "
        "in 'parm_shape', found {} and {}",
        what, kMatrix * joints, layout.num_betas, pose.size(), shape.size());
  }
  StoredFit fit = StaticFit(layout);
  for (int k = 0; k < joints; ++k) {
    using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
    const Mat3 matrix = Eigen::Map<const RowMat3>(&pose[static_cast<size_t>(kMatrix) * k]);
    const bool rotation = matrix.allFinite() && matrix.determinant() > 0 &&
                          (matrix * matrix.transpose() - Mat3::Identity()).norm() < kNoRotation;
    if (!rotation) {
      ThrowUserError("{}: key 'parm_pose': matrix {} is no rotation", what, k);
    }
    fit.params.rotation(k) = LogSO3(matrix);
  }
  fit.params.betas() = Eigen::Map<const VecX>(shape.data(), std::ssize(shape));
  return fit;
}

}  // namespace

void RequireDataset(const std::string& dataset, const fs::path& path) {
  if (!dataset.empty()) return;
  throw UsageError(
      fmt::format("{}: does not say whose fits these are; add --dataset NAME", path.string()));
}

void PutFit(FitFile* file, const std::string& dataset, int64_t row, const StoredFit& fit,
            const fs::path& path, int64_t file_row) {
  if (!fit.IsSound()) {
    ThrowUserError("{}, row {}: a value is not finite or no fit can have it", path.string(),
                   file_row);
  }
  file->Write(file->Position(dataset, row), fit);
}

FitFile ReadSpinNpy(const fs::path& path, const std::string& dataset) {
  const int pose = SmplLayout().num_pose(), betas = SmplLayout().num_betas;
  const NdArray array = ReadNpy(path);
  array.CheckShape({-1, pose + betas}, path.string());
  const std::vector<double> values = array.As<double>(path.string());
  const Eigen::Map<const RowMatX> table(values.data(), array.dim(0), pose + betas);
  return ReadSpin(
      table.leftCols(pose), table.rightCols(betas),
      [&](int64_t row) { return !table.row(row).isZero(0); }, path, dataset);
}

FitFile ReadSpinNpz(const fs::path& path, const std::string& dataset) {
  const std::vector<std::string> used = {"pose", "shape", "has_smpl", "betas", "valid_fit"};
  const Npz npz = ReadNpz(path, used);
  const bool is_final = !npz.contains("shape") && npz.contains("betas");
  const char *shape_key = is_final ? "betas" : "shape",
             *flag_key = is_final ? "valid_fit" : "has_smpl";
  for (const char* key : {"pose", shape_key, flag_key}) {
    if (npz.contains(key)) continue;
    ThrowUserError("{}: has no key '{}', which fits in SPIN's layouts have; it holds '{}'",
                   path.string(), key, fmt::join(NpzKeys(path), "', '"));
  }
  const auto read = [&](const char* key, int64_t rows, int64_t columns) {
    const std::string what = fmt::format("{}, key {}", path.string(), key);
    const NdArray& array = Get(npz, key, path);
    array.CheckShape({rows, columns}, what);
    const std::vector<double> values = array.As<double>(what);
    return RowMatX(Eigen::Map<const RowMatX>(values.data(), array.dim(0), columns));
  };
  const RowMatX betas = read(shape_key, -1, SmplLayout().num_betas);
  const RowMatX pose = read("pose", betas.rows(), SmplLayout().num_pose());
  const std::string what = fmt::format("{}, key {}", path.string(), flag_key);
  const NdArray& flags = Get(npz, flag_key, path);
  flags.CheckShape({betas.rows()}, what);
  const auto has_fit = flags.As<int64_t>(what);
  return ReadSpin(
      pose, betas, [&](int64_t row) { return has_fit[static_cast<size_t>(row)] != 0; }, path,
      dataset);
}

FitFile ReadEftFits(const fs::path& path, const std::string& dataset) {
  const std::string what = path.string();
  const FitLayout layout = SmplLayout();
  std::vector<StoredFit> fits;
  ForEachJsonElement(
      path, {"gt_keypoint_2d"}, [](const std::string& key) { return key == "data"; },
      [&](const std::string&, int64_t place, const json& entry) {
        fits.push_back(EftFit(entry, layout, fmt::format("{}: entry {}", what, place)));
      });
  if (fits.empty()) {
    ThrowUserError(
        "{}: holds no fits; expected EFT's, an object with a list 'data' of parm_pose and "
        "parm_shape",
        what);
  }
  RequireDataset(dataset, path);
  FitFile file = FitFile::InMemory({{dataset, std::ssize(fits), ""}}, layout, {}, path);
  for (int64_t row = 0; row < std::ssize(fits); ++row) {
    PutFit(&file, dataset, row, fits[static_cast<size_t>(row)], path, row);
  }
  return file;
}

}  // namespace gyre
