// SPDX-License-Identifier: Apache-2.0
#include "fitting/fit_exchange.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 4096;
constexpr int kSpinColumns = kNumPoseParams + kNumShapeParams;

// Walks over the fits of one data set, or of all.
class FitCursor {
 public:
  FitCursor(const FitFile& file, const std::string& dataset) : file_(&file), end_(file.size()) {
    if (dataset.empty()) return;
    for (const FitRows& set : file.datasets()) {
      if (set.name != dataset) continue;
      position_ = set.rows > 0 ? file.Position(dataset, 0) : end_;
      end_ = position_ + set.rows;
      return;
    }
    std::string names;
    for (const FitRows& set : file.datasets()) names += (names.empty() ? "" : ", ") + set.name;
    ThrowUserError("{}: has no data set '{}', only: {}", file.path().string(), dataset, names);
  }
  bool Next(int64_t* position, StoredFit* fit) {
    while ((position_ = file_->NextUsed(position_)) < end_) {
      *position = position_++;
      if (const auto found = file_->Read(*position)) {
        *fit = *found;
        return true;
      }
    }
    return false;
  }

 private:
  const FitFile* file_;
  int64_t position_ = 0, end_;
};

template <typename T, typename Get>
NpzColumn Column(const std::string& key, DType dtype, std::vector<int64_t> shape,
                 const FitCursor& start, Get get) {
  NpzColumn column{.key = key, .dtype = dtype, .shape = shape, .next = {}};
  column.next = [cursor = start, shape, get]() mutable {
    std::vector<T> values;
    std::vector<int64_t> block = shape;
    block[0] = 0;
    int64_t position;
    StoredFit fit;
    while (block[0] < kBlock && cursor.Next(&position, &fit)) {
      get(position, fit, &values);
      ++block[0];
    }
    return NdArray::From<T>(block, values);
  };
  return column;
}

// Values of an export's key, `columns` for each of `rows`.
template <typename T>
std::vector<T> Values(const Npz& npz, const char* key, int64_t rows, int64_t columns,
                      const fs::path& path) {
  const NdArray& array = Get(npz, key, path);
  const std::string what = fmt::format("{}, key {}", path.string(), key);
  if (columns == 1) {
    array.CheckShape({rows}, what);
  } else {
    array.CheckShape({rows, columns}, what);
  }
  return array.As<T>(what);
}

void Put(FitFile* file, const std::string& dataset, int64_t row, const StoredFit& fit,
         const fs::path& path, int64_t file_row) {
  if (!fit.IsSound()) {
    ThrowUserError("{}, row {}: a value is not finite or no fit can have it", path.string(),
                   file_row);
  }
  file->Write(file->Position(dataset, row), fit);
}

FitFile ReadExport(const Npz& npz, const fs::path& path) {
  const NdArray& dataset = Get(npz, "dataset", path);
  const std::string what = fmt::format("{}, key dataset", path.string());
  dataset.CheckShape({-1}, what);
  const int64_t n = dataset.size();
  if (n > 0 && dataset.dtype != DType::kString) {
    ThrowUserError("{}: expected strings, found {}", what, EnumName(dataset.dtype));
  }
  const auto index = Values<int64_t>(npz, "index", n, 1, path);
  const auto pose = Values<double>(npz, "pose", n, kNumPoseParams, path);
  const auto betas = Values<double>(npz, "betas", n, kNumShapeParams, path);
  const auto transl = Values<double>(npz, "transl", n, 3, path);
  const auto focal = Values<double>(npz, "focal_px", n, 1, path);
  const auto center = Values<double>(npz, "center_px", n, 2, path);
  const auto score = Values<double>(npz, "score_px2", n, 1, path);
  const auto prior = Values<double>(npz, "pose_prior", n, 1, path);
  const auto observed = Values<int16_t>(npz, "observed_joints", n, 1, path);
  const auto source = Values<int8_t>(npz, "source", n, 1, path);
  const auto step = Values<int64_t>(npz, "step", n, 1, path);
  const auto newer = [&](const char* key, int64_t width) {  // older exports have none
    return npz.contains(key) ? Values<float>(npz, key, n, width, path)
                             : std::vector<float>(static_cast<size_t>(n * width));
  };
  const std::vector<float> sd = newer("rotation_sd_rad", kNumBodyJoints);
  const std::vector<float> robust = newer("robust_px2", 1);

  std::vector<FitRows> sets;  // in the order of their first fits
  std::map<std::string, size_t> set_of;
  constexpr int64_t kMaxRow = 1'000'000'000;
  for (int64_t i = 0; i < n; ++i) {
    if (index[i] < 0 || index[i] > kMaxRow) {
      ThrowUserError("{}, key index, row {}: {} cannot be a row of a data set", path.string(), i,
                     index[i]);
    }
    const auto [entry, is_new] = set_of.try_emplace(dataset.strings[i], sets.size());
    if (is_new) sets.push_back({dataset.strings[i], 0, ""});
    int64_t& rows = sets[entry->second].rows;
    rows = std::max(rows, index[i] + 1);
  }
  FitFile file = FitFile::InMemory(sets);
  for (int64_t i = 0; i < n; ++i) {
    StoredFit fit;
    fit.params.pose() = Eigen::Map<const VecX>(&pose[i * kNumPoseParams], kNumPoseParams);
    fit.params.betas() = Eigen::Map<const VecX>(&betas[i * kNumShapeParams], kNumShapeParams);
    fit.params.transl() = Eigen::Map<const Vec3>(&transl[3 * i]);
    fit.camera = {focal[i], {center[2 * i], center[2 * i + 1]}};
    fit.score_px2 = score[i];
    fit.pose_prior = prior[i];
    fit.robust_px2 = robust[i];
    fit.observed_joints = observed[i];
    fit.source = static_cast<FitSource>(source[i]);
    fit.step = step[i];
    std::copy_n(&sd[i * kNumBodyJoints], kNumBodyJoints, fit.rotation_sd_rad.begin());
    Put(&file, dataset.strings[i], index[i], fit, path, i);
  }
  return file;
}

FitFile ReadSpin(const Eigen::Ref<const RowMatX>& pose, const Eigen::Ref<const RowMatX>& betas,
                 const std::function<bool(int64_t row)>& has_fit, const fs::path& path,
                 const std::string& dataset) {
  if (dataset.empty()) {
    throw UsageError(fmt::format(
        "{}: SPIN's layout does not say whose fits these are; add --dataset NAME", path.string()));
  }
  FitFile file = FitFile::InMemory({{dataset, pose.rows(), ""}});
  for (int64_t row = 0; row < pose.rows(); ++row) {
    if (!has_fit(row)) continue;
    StoredFit fit;
    fit.params.pose() = pose.row(row);
    fit.params.betas() = betas.row(row);
    fit.camera = SpinCropCamera();
    fit.score_px2 = std::numeric_limits<double>::infinity();
    fit.source = FitSource::kStatic;
    Put(&file, dataset, row, fit, path, row);
  }
  return file;
}

FitFile ReadSpinNpy(const fs::path& path, const std::string& dataset) {
  const NdArray array = ReadNpy(path);
  array.CheckShape({-1, kSpinColumns}, path.string());
  const std::vector<double> values = array.As<double>(path.string());
  const Eigen::Map<const RowMatX> table(values.data(), array.dim(0), kSpinColumns);
  return ReadSpin(
      table.leftCols(kNumPoseParams), table.rightCols(kNumShapeParams),
      [&](int64_t row) { return !table.row(row).isZero(0); }, path, dataset);
}

FitFile ReadSpinNpz(const Npz& npz, const fs::path& path, const std::string& dataset) {
  const NdArray& shape = Get(npz, "shape", path);
  shape.CheckShape({-1, kNumShapeParams}, fmt::format("{}, key shape", path.string()));
  const int64_t rows = shape.dim(0);
  const auto pose = Values<double>(npz, "pose", rows, kNumPoseParams, path);
  const auto betas = Values<double>(npz, "shape", rows, kNumShapeParams, path);
  const auto has_smpl = Values<int64_t>(npz, "has_smpl", rows, 1, path);
  return ReadSpin(
      Eigen::Map<const RowMatX>(pose.data(), rows, kNumPoseParams),
      Eigen::Map<const RowMatX>(betas.data(), rows, kNumShapeParams),
      [&](int64_t row) { return has_smpl[static_cast<size_t>(row)] != 0; }, path, dataset);
}

// Whether a merge takes `a` rather than `b`.
bool Better(const StoredFit& a, const StoredFit& b) {
  const bool a_true = a.source == FitSource::kTruth, b_true = b.source == FitSource::kTruth;
  return a_true != b_true ? a_true : a.score_px2 < b.score_px2;
}

bool Same(const StoredFit& a, const StoredFit& b) {
  return a.params.pose() == b.params.pose() && a.params.betas() == b.params.betas() &&
         a.params.transl() == b.params.transl() && a.camera.focal_px == b.camera.focal_px &&
         a.camera.center_px == b.camera.center_px && a.score_px2 == b.score_px2 &&
         a.pose_prior == b.pose_prior && a.robust_px2 == b.robust_px2 &&
         a.observed_joints == b.observed_joints && a.source == b.source && a.step == b.step &&
         a.rotation_sd_rad == b.rotation_sd_rad;
}

}  // namespace

void ExportFits(const FitFile& file, const fs::path& path, const std::string& dataset) {
  const FitCursor start(file, dataset);
  int64_t n = 0, position;
  StoredFit fit;
  for (FitCursor cursor = start; cursor.Next(&position, &fit);) ++n;
  std::vector<std::string> names;
  for (const FitRows& set : file.datasets()) names.push_back(set.name);

  using Doubles = std::vector<double>;
  using Floats = std::vector<float>;
  using Integers = std::vector<int64_t>;
  std::vector<NpzColumn> columns;
  NpzColumn text{.key = "dataset",
                 .dtype = DType::kString,
                 .shape = {n},
                 .text_width = TextWidth(names),
                 .next = {}};
  text.next = [&file, names, cursor = start]() mutable {
    std::vector<std::string> block;
    int64_t at;
    StoredFit ignored;
    while (block.size() < kBlock && cursor.Next(&at, &ignored)) {
      block.push_back(names[static_cast<size_t>(file.At(at).first)]);
    }
    return NdArray::FromStrings(block);
  };
  columns.push_back(std::move(text));
  const auto append = [](const auto& from, auto* to) {
    for (Eigen::Index i = 0; i < from.size(); ++i) to->push_back(static_cast<float>(from[i]));
  };
  columns.push_back(Column<int64_t>(
      "index", DType::kInt64, {n}, start,
      [&file](int64_t at, const StoredFit&, Integers* to) { to->push_back(file.At(at).second); }));
  columns.push_back(
      Column<float>("pose", DType::kFloat32, {n, kNumPoseParams}, start,
                    [=](int64_t, const StoredFit& f, Floats* to) { append(f.params.pose(), to); }));
  columns.push_back(Column<float>(
      "betas", DType::kFloat32, {n, kNumShapeParams}, start,
      [=](int64_t, const StoredFit& f, Floats* to) { append(f.params.betas(), to); }));
  columns.push_back(Column<float>(
      "transl", DType::kFloat32, {n, 3}, start,
      [=](int64_t, const StoredFit& f, Floats* to) { append(f.params.transl(), to); }));
  columns.push_back(Column<float>("focal_px", DType::kFloat32, {n}, start,
                                  [](int64_t, const StoredFit& f, Floats* to) {
                                    to->push_back(static_cast<float>(f.camera.focal_px));
                                  }));
  columns.push_back(Column<float>(
      "center_px", DType::kFloat32, {n, 2}, start,
      [=](int64_t, const StoredFit& f, Floats* to) { append(f.camera.center_px, to); }));
  columns.push_back(
      Column<double>("score_px2", DType::kFloat64, {n}, start,
                     [](int64_t, const StoredFit& f, Doubles* to) { to->push_back(f.score_px2); }));
  columns.push_back(Column<double>(
      "pose_prior", DType::kFloat64, {n}, start,
      [](int64_t, const StoredFit& f, Doubles* to) { to->push_back(f.pose_prior); }));
  columns.push_back(
      Column<float>("robust_px2", DType::kFloat32, {n}, start,
                    [](int64_t, const StoredFit& f, Floats* to) { to->push_back(f.robust_px2); }));
  columns.push_back(Column<int64_t>(
      "observed_joints", DType::kInt64, {n}, start,
      [](int64_t, const StoredFit& f, Integers* to) { to->push_back(f.observed_joints); }));
  columns.push_back(Column<int8_t>("source", DType::kInt8, {n}, start,
                                   [](int64_t, const StoredFit& f, std::vector<int8_t>* to) {
                                     to->push_back(static_cast<int8_t>(f.source));
                                   }));
  columns.push_back(
      Column<int64_t>("step", DType::kInt64, {n}, start,
                      [](int64_t, const StoredFit& f, Integers* to) { to->push_back(f.step); }));
  columns.push_back(Column<float>("rotation_sd_rad", DType::kFloat32, {n, kNumBodyJoints}, start,
                                  [](int64_t, const StoredFit& f, Floats* to) {
                                    to->insert(to->end(), f.rotation_sd_rad.begin(),
                                               f.rotation_sd_rad.end());
                                  }));
  WriteNpzColumns(path, std::move(columns));
}

void ExportSpinFits(const FitFile& file, const fs::path& path, const std::string& dataset) {
  FitCursor cursor(file, dataset);
  int64_t rows = 0, first = 0, position;
  for (const FitRows& set : file.datasets()) {
    if (set.name == dataset) rows = set.rows, first = rows > 0 ? file.Position(dataset, 0) : 0;
  }
  RowMatX table = RowMatX::Zero(rows, kSpinColumns);
  std::vector<int8_t> has_fit(static_cast<size_t>(rows));
  for (StoredFit fit; cursor.Next(&position, &fit);) {
    table.row(position - first) << fit.params.pose().transpose(), fit.params.betas().transpose();
    has_fit[static_cast<size_t>(position - first)] = 1;
  }
  if (path.extension() == ".npy") {
    WriteFileAtomically(path, FormatNpy(NdArray::FromMatrix(table)));
    return;
  }
  WriteNpz(path, {{"pose", NdArray::FromMatrix(table.leftCols(kNumPoseParams))},
                  {"shape", NdArray::FromMatrix(table.rightCols(kNumShapeParams))},
                  {"has_smpl", NdArray::From<int8_t>({rows}, has_fit)}});
}

FitFile ReadFits(const fs::path& path, const std::string& dataset) {
  if (fs::is_directory(path)) {
    const std::vector<fs::path> files = ListFitFiles(path, kFitsFile);
    if (files.empty()) return ReadFits(path / kFitsFile, dataset);
    const std::vector<std::string> names = FitFileNames(kFitsFile, static_cast<int>(files.size()));
    for (size_t i = 0; i < names.size(); ++i) {
      if (files[i].filename() == names[i]) continue;
      ThrowUserError("{}: {} is not one of {} shards; bring the missing ones back", path.string(),
                     files[i].filename().string(), files.size());
    }
    return FitFile::OpenToRead(files);
  }
  if (FitFile::IsFitFile(path)) return FitFile::OpenToRead(path);
  if (path.extension() == ".npy") return ReadSpinNpy(path, dataset);
  if (path.extension() != ".npz") {
    ThrowUserError("{}: no fits that gyre knows (a run, its {}, .npz, or SPIN's .npy)",
                   path.string(), kFitsFile);
  }
  const Npz npz = ReadNpz(path);
  return npz.contains("dataset") ? ReadExport(npz, path) : ReadSpinNpz(npz, path, dataset);
}

void MergeFits(const std::vector<fs::path>& paths, const fs::path& out,
               const std::string& dataset) {
  if (fs::exists(out)) ThrowUserError("{}: is there already; choose another name", out.string());
  std::vector<FitFile> files;
  std::vector<FitRows> sets;
  for (const fs::path& path : paths) {
    files.push_back(ReadFits(path, dataset));
    for (const FitRows& set : files.back().datasets()) {
      const auto known = std::find_if(sets.begin(), sets.end(),
                                      [&](const FitRows& other) { return other.name == set.name; });
      if (known == sets.end()) {
        sets.push_back(set);
        continue;
      }
      if (!set.fingerprint.empty() && !known->fingerprint.empty() &&
          set.fingerprint != known->fingerprint) {
        ThrowUserError("{}: its data set '{}' is another one than that of the files before it",
                       path.string(), set.name);
      }
      if (known->fingerprint.empty()) known->fingerprint = set.fingerprint;
      known->rows = std::max(known->rows, set.rows);
    }
  }
  WriteFileAtomically(out, [&](const fs::path& temporary) {
    FitFile merged = FitFile::Create(temporary, sets);
    for (const FitFile& file : files) {
      FitCursor cursor(file, "");
      int64_t position;
      for (StoredFit fit; cursor.Next(&position, &fit);) {
        const auto [set, row] = file.At(position);
        const int64_t to = merged.Position(file.datasets()[static_cast<size_t>(set)].name, row);
        const std::optional<StoredFit> there = merged.Read(to);
        if (!there || Better(fit, *there)) merged.Write(to, fit);
      }
    }
  });
}

FitDifferences CompareFits(const FitFile& first, const FitFile& second) {
  FitDifferences differences;
  int64_t position;
  StoredFit fit;
  // Where a sample of `file` is in `other`, and what stands there.
  const auto find = [](const FitFile& file, int64_t at, const FitFile& other) {
    const auto [set, row] = file.At(at);
    const int64_t to = other.Position(file.datasets()[static_cast<size_t>(set)].name, row);
    return to < 0 ? std::nullopt : other.Read(to);
  };
  for (FitCursor cursor(first, ""); cursor.Next(&position, &fit);) {
    const std::optional<StoredFit> there = find(first, position, second);
    ++(!there              ? differences.only_first
       : Same(fit, *there) ? differences.equal
                           : differences.different);
  }
  for (FitCursor cursor(second, ""); cursor.Next(&position, &fit);) {
    if (!find(second, position, first)) ++differences.only_second;
  }
  return differences;
}

}  // namespace gyre
