// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_exchange.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "fitting/store/field_values.h"
#include "fitting/store/fit_fields.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 4096;
// In an export of other bodies than SMPL's, which its values are of.
constexpr const char* kFamilyKey = "family";
constexpr const char* kJointsKey = "joint_names";

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

// A column of what `append` adds to a block for a fit at a position.
template <typename Append>
NpzColumn Column(const char* key, DType dtype, std::vector<int64_t> shape, const FitCursor& start,
                 Append append) {
  NpzColumn column{.key = key, .dtype = dtype, .shape = std::move(shape), .next = {}};
  column.next = [cursor = start, dtype, shape = column.shape, append]() mutable {
    NdArray block{dtype, shape, {}, {}};
    int64_t position;
    StoredFit fit;
    for (block.shape[0] = 0; block.shape[0] < kBlock && cursor.Next(&position, &fit);) {
      append(position, fit, &block);
      ++block.shape[0];
    }
    return block;
  };
  return column;
}

// A short list of texts, the same for all rows.
NpzColumn TextColumn(const char* key, const std::vector<std::string>& texts) {
  const NdArray array = NdArray::FromStrings(texts);
  return {key, DType::kString, array.shape, TextWidth(texts), [array] { return array; }};
}

// The columns of fit_fields.h.
std::vector<NpzColumn> FieldColumns(const FitLayout& layout, int64_t n, const FitCursor& start) {
  std::vector<NpzColumn> columns;
  ForEachFitField([&](const FitField& field, const auto& get) {
    const int64_t width = FieldWidth(field.shape, layout);
    if (width == 0) return;
    std::vector<int64_t> shape = {n};
    if (field.shape != FieldShape::kOne) shape.push_back(width);
    columns.push_back(
        Column(field.key, field.column, shape, start,
               [type = field.column, get](int64_t, const StoredFit& fit, NdArray* block) {
                 AppendValues(type, get(fit), &block->bytes);
               }));
  });
  return columns;
}

// The values of an export's field for `rows` fits, as a record holds them.
std::string ReadField(const Npz& npz, const FitField& field, int64_t width, int64_t rows,
                      const fs::path& path) {
  std::string bytes;
  const bool missing = !field.in_all_exports && !npz.contains(field.key);
  if (missing || width == 0) return std::string(DTypeSize(field.record) * rows * width, '\0');
  const NdArray& array = Get(npz, field.key, path);
  const std::string what = fmt::format("{}, key {}", path.string(), field.key);
  if (field.shape == FieldShape::kOne) {
    array.CheckShape({rows}, what);
  } else {
    array.CheckShape({rows, width}, what);
  }
  WithType(field.record, [&](auto number) {
    const auto values = array.As<decltype(number)>(what);
    bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(number));
  });
  return bytes;
}

// What bodies an export's fits are of.
FitLayout ReadLayout(const Npz& npz, const fs::path& path) {
  if (!npz.contains(kFamilyKey)) return SmplLayout();
  const auto texts = [&](const char* key) {
    const NdArray& array = Get(npz, key, path);
    array.CheckShape({-1}, fmt::format("{}, key {}", path.string(), key));
    return array.strings;
  };
  const auto columns = [&](const char* key) {
    const NdArray& array = Get(npz, key, path);
    array.CheckShape({-1, -1}, fmt::format("{}, key {}", path.string(), key));
    return static_cast<int>(std::min<int64_t>(array.dim(1), kMaxShape + 1));
  };
  FitLayout layout;
  const std::vector<std::string> family = texts(kFamilyKey);
  layout.family = family.empty() ? "" : family[0];
  layout.joints = texts(kJointsKey);
  layout.num_betas = npz.contains("betas") ? columns("betas") : 0;
  layout.num_expression = npz.contains("expression") ? columns("expression") : 0;
  CheckFitLayout(layout, path.string());
  return layout;
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
  const NdArray& indices = Get(npz, "index", path);
  indices.CheckShape({n}, fmt::format("{}, key index", path.string()));
  const auto index = indices.As<int64_t>(fmt::format("{}, key index", path.string()));
  const FitLayout layout = ReadLayout(npz, path);
  std::vector<std::string> values;  // of each field
  ForEachFitField([&](const FitField& field, const auto&) {
    values.push_back(ReadField(npz, field, FieldWidth(field.shape, layout), n, path));
  });

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
  FitFile file = FitFile::InMemory(sets, layout);
  for (int64_t i = 0; i < n; ++i) {
    StoredFit fit(layout);
    size_t k = 0;
    ForEachFitField([&](const FitField& field, const auto& get) {
      const std::string& of_all = values[k++];
      TakeValues(field.record, of_all.data() + of_all.size() / n * i, get(fit));
    });
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
  FitFile file = FitFile::InMemory({{dataset, pose.rows(), ""}}, SmplLayout());
  for (int64_t row = 0; row < pose.rows(); ++row) {
    if (!has_fit(row)) continue;
    StoredFit fit(file.layout());
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
  const int pose = SmplLayout().num_pose(), betas = SmplLayout().num_betas;
  const NdArray array = ReadNpy(path);
  array.CheckShape({-1, pose + betas}, path.string());
  const std::vector<double> values = array.As<double>(path.string());
  const Eigen::Map<const RowMatX> table(values.data(), array.dim(0), pose + betas);
  return ReadSpin(
      table.leftCols(pose), table.rightCols(betas),
      [&](int64_t row) { return !table.row(row).isZero(0); }, path, dataset);
}

FitFile ReadSpinNpz(const Npz& npz, const fs::path& path, const std::string& dataset) {
  const auto read = [&](const char* key, int64_t rows, int64_t columns) {
    const std::string what = fmt::format("{}, key {}", path.string(), key);
    const NdArray& array = Get(npz, key, path);
    array.CheckShape({rows, columns}, what);
    const std::vector<double> values = array.As<double>(what);
    return RowMatX(Eigen::Map<const RowMatX>(values.data(), array.dim(0), columns));
  };
  const RowMatX betas = read("shape", -1, SmplLayout().num_betas);
  const RowMatX pose = read("pose", betas.rows(), SmplLayout().num_pose());
  const std::string what = fmt::format("{}, key has_smpl", path.string());
  const NdArray& flags = Get(npz, "has_smpl", path);
  flags.CheckShape({betas.rows()}, what);
  const auto has_smpl = flags.As<int64_t>(what);
  return ReadSpin(
      pose, betas, [&](int64_t row) { return has_smpl[static_cast<size_t>(row)] != 0; }, path,
      dataset);
}

// Whether a merge takes `a` rather than `b`.
bool Better(const StoredFit& a, const StoredFit& b) {
  const bool a_true = a.source == FitSource::kTruth, b_true = b.source == FitSource::kTruth;
  return a_true != b_true ? a_true : a.score_px2 < b.score_px2;
}

}  // namespace

void ExportFits(const FitFile& file, const fs::path& path, const std::string& dataset) {
  const FitCursor start(file, dataset);
  int64_t n = 0, position;
  StoredFit fit;
  for (FitCursor cursor = start; cursor.Next(&position, &fit);) ++n;
  std::vector<std::string> names;
  for (const FitRows& set : file.datasets()) names.push_back(set.name);

  const FitLayout& layout = file.layout();
  std::vector<NpzColumn> columns = FieldColumns(layout, n, start);
  columns.push_back(
      Column("dataset", DType::kString, {n}, start, [&](int64_t at, const StoredFit&, NdArray* to) {
        to->strings.push_back(names[static_cast<size_t>(file.At(at).first)]);
      }));
  columns.back().text_width = TextWidth(names);
  columns.push_back(
      Column("index", DType::kInt64, {n}, start, [&](int64_t at, const StoredFit&, NdArray* to) {
        AppendValues(DType::kInt64, file.At(at).second, &to->bytes);
      }));
  if (!layout.IsSmpl()) {
    columns.push_back(TextColumn(kFamilyKey, {layout.family}));
    columns.push_back(TextColumn(kJointsKey, layout.joints));
  }
  WriteNpzColumns(path, std::move(columns));
}

void ExportSpinFits(const FitFile& file, const fs::path& path, const std::string& dataset) {
  FitCursor cursor(file, dataset);
  int64_t rows = 0, first = 0, position;
  for (const FitRows& set : file.datasets()) {
    if (set.name == dataset) rows = set.rows, first = rows > 0 ? file.Position(dataset, 0) : 0;
  }
  const int pose = SmplLayout().num_pose(), betas = SmplLayout().num_betas;
  const BodyParams rest = file.layout().RestParams();
  if (rest.values().size() != pose + betas + 3 || rest.betas().size() != betas) {
    ThrowUserError(
        "{}: SPIN's layouts hold SMPL's {} joints and {} betas, and these fits are of {}; gyre's "
        "own .npz holds them",
        file.path().string(), SmplLayout().num_joints(), betas, file.layout().Describe());
  }
  RowMatX table = RowMatX::Zero(rows, pose + betas);
  std::vector<int8_t> has_fit(static_cast<size_t>(rows));
  for (StoredFit fit; cursor.Next(&position, &fit);) {
    table.row(position - first) << fit.params.pose().transpose(), fit.params.betas().transpose();
    has_fit[static_cast<size_t>(position - first)] = 1;
  }
  if (path.extension() == ".npy") {
    WriteFileAtomically(path, FormatNpy(NdArray::FromMatrix(table)));
    return;
  }
  WriteNpz(path, {{"pose", NdArray::FromMatrix(table.leftCols(pose))},
                  {"shape", NdArray::FromMatrix(table.rightCols(betas))},
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
    files.back().RequireLayout(files.front().layout(), files.front().path().string());
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
    FitFile merged = FitFile::Create(temporary, sets, files.front().layout());
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
  second.RequireLayout(first.layout(), first.path().string());
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
    ++(!there ? differences.only_first : fit == *there ? differences.equal : differences.different);
  }
  for (FitCursor cursor(second, ""); cursor.Next(&position, &fit);) {
    if (!find(second, position, first)) ++differences.only_second;
  }
  return differences;
}

}  // namespace gyre
