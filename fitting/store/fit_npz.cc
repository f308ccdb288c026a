// SPDX-License-Identifier: Apache-2.0
#include "fitting/store/fit_npz.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <type_traits>
#include <utility>

#include "core/error.h"
#include "fitting/store/field_values.h"
#include "fitting/store/fit_cursor.h"
#include "fitting/store/npz_head.h"
#include "fitting/store/published_fits.h"
#include "io/npz.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlock = 4096;
constexpr FieldDoc kIndexDoc = {"index", FieldShape::kOne, "", "the same as `row`"};
constexpr FieldDoc kUsableDoc = {"usable", FieldShape::kOne, "", "true: a store holds nobody else"};
constexpr FieldDoc kReasonDoc = {"reason", FieldShape::kOne, "", "ok"};

// Who a stored fit is of, as far as anything says it.
FitSubject SubjectOf(const FitFile& file, int64_t position, const StoredFit& fit) {
  FitSubject subject;
  if (const FitSubject* known = file.SubjectAt(position)) subject = *known;
  const auto [set, row] = file.At(position);
  subject.dataset = file.datasets()[static_cast<size_t>(set)].name;
  subject.row = row;
  subject.crop_camera = fit.camera;
  if (!(subject.box.side_px > 0 && std::isfinite(subject.box.side_px))) return subject;
  // The fit's camera is in single precision; of another one, the fit's counts.
  const Camera of_fit = CropMap(subject.box, kReferenceCropPx).ImageCamera(fit.camera);
  constexpr double kRounding = 1e-5;
  const double slack = kRounding * of_fit.focal_px;
  const bool same = std::abs(of_fit.focal_px - subject.camera.focal_px) <= slack &&
                    (of_fit.center_px - subject.camera.center_px).norm() <= slack;
  if (!same) subject.camera = of_fit;
  return subject;
}

// Calls visit(doc, get) for what an export says of a row besides its fit's fields.
template <typename Visit>
void ForEachSubjectField(Visit&& visit) {
  visit(
      kIndexDoc, [](auto& of) -> auto& { return of.row; });
  ForEachNameField(visit);
  visit(
      kPixelScaleDoc, [](auto& of) -> auto& { return of.pixel_scale; });
  ForEachPlaceField(visit);
}

template <typename Value>
constexpr DType ColumnType() {
  if constexpr (std::is_same_v<Value, std::string>) {
    return DType::kString;
  } else if constexpr (std::is_same_v<Value, int64_t>) {
    return DType::kInt64;
  } else {
    return DType::kFloat64;
  }
}

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

// Those of fit_subject.h, and that all is well.
void AddSubjectColumns(const FitFile& file, int64_t n, const FitCursor& start,
                       std::vector<NpzColumn>* columns) {
  std::map<std::string, size_t> widths;
  int64_t position;
  StoredFit fit;
  for (FitCursor cursor = start; cursor.Next(&position, &fit);) {
    const FitSubject subject = SubjectOf(file, position, fit);
    ForEachSubjectField([&](const FieldDoc& doc, const auto& get) {
      if constexpr (std::is_same_v<std::decay_t<decltype(get(subject))>, std::string>) {
        size_t& width = widths[doc.key];
        width = std::max(width, TextWidth({get(subject)}));
      }
    });
  }
  ForEachSubjectField([&](const FieldDoc& doc, const auto& get) {
    using Value = std::decay_t<decltype(get(std::declval<const FitSubject&>()))>;
    constexpr DType type = ColumnType<Value>();
    std::vector<int64_t> shape = {n};
    if (doc.shape == FieldShape::kTwo) shape.push_back(2);
    columns->push_back(Column(doc.key, type, shape, start,
                              [&file, get](int64_t at, const StoredFit& of, NdArray* block) {
                                const FitSubject subject = SubjectOf(file, at, of);
                                if constexpr (type == DType::kString) {
                                  block->strings.push_back(get(subject));
                                } else {
                                  AppendValues(type, get(subject), &block->bytes);
                                }
                              }));
    if (type == DType::kString) columns->back().text_width = std::max<size_t>(1, widths[doc.key]);
  });
  columns->push_back(
      Column(kUsableDoc.key, DType::kBool, {n}, start,
             [](int64_t, const StoredFit&, NdArray* block) { block->bytes.push_back(1); }));
  columns->push_back(Column(kReasonDoc.key, DType::kString, {n}, start,
                            [](int64_t, const StoredFit&, NdArray* block) {
                              block->strings.emplace_back(kReasonDoc.what);
                            }));
  columns->back().text_width = TextWidth({kReasonDoc.what});
}

}  // namespace

std::vector<FieldDoc> ExportFields() {
  std::vector<FieldDoc> fields;
  ForEachFitField([&](const FitField& field, const auto&) { fields.push_back(field); });
  ForEachSubjectField([&](const FieldDoc& doc, const auto&) { fields.push_back(doc); });
  fields.push_back(kUsableDoc);
  fields.push_back(kReasonDoc);
  return fields;
}

void ExportFits(const FitFile& file, const fs::path& path, const std::string& dataset) {
  const FitCursor start(file, dataset);
  int64_t n = 0, position;
  StoredFit fit;
  for (FitCursor cursor = start; cursor.Next(&position, &fit);) ++n;
  std::vector<NpzColumn> columns = FieldColumns(file.layout(), n, start);
  AddSubjectColumns(file, n, start, &columns);
  std::vector<FieldDoc> docs = ExportFields();
  std::erase_if(docs, [&](const FieldDoc& doc) {
    return std::ranges::none_of(columns, [&](const NpzColumn& c) { return c.key == doc.key; });
  });
  for (NpzColumn& column : HeadColumns({file.layout(), file.origin()}, docs)) {
    columns.push_back(std::move(column));
  }
  WriteNpzColumns(path, std::move(columns));
}

bool IsFitNpz(const std::vector<std::string>& keys) {
  const auto has = [&](const char* key) { return std::ranges::count(keys, key) > 0; };
  return has("dataset") || (has("usable") && has("run"));
}

namespace {

// What is read of an export or of `gyre fit`'s result, which may hold more.
std::vector<std::string> WantedKeys() {
  std::vector<std::string> keys;
  for (const FieldDoc& doc : ExportFields()) keys.emplace_back(doc.key);
  for (const FieldDoc& doc : HeadFields()) keys.emplace_back(doc.key);
  return keys;
}

// What a file of n rows says of whose they are; empty: nothing.
std::vector<FitSubject> SubjectsOf(const Npz& npz, int64_t n, const fs::path& path) {
  const auto has = [&](const char* key) { return npz.contains(key); };
  if (!has("image") || !has("id")) return {};
  std::vector<FitSubject> subjects(static_cast<size_t>(n));
  const auto take = [&](const FieldDoc& doc, const auto& get) {
    using Value = std::decay_t<decltype(get(subjects[0]))>;
    if (!has(doc.key)) return;
    const std::string what = fmt::format("{}, key {}", path.string(), doc.key);
    const NdArray& array = npz.at(doc.key);
    if constexpr (std::is_same_v<Value, std::string>) {
      array.CheckShape({n}, what);
      if (std::ssize(array.strings) != n) return;
      for (int64_t i = 0; i < n; ++i) get(subjects[i]) = array.strings[i];
    } else {
      using Number = std::conditional_t<std::is_same_v<Value, int64_t>, int64_t, double>;
      const int64_t width = doc.shape == FieldShape::kTwo ? 2 : 1;
      if (array.size() != n * width) array.CheckShape({n, width}, what);
      const auto numbers = array.As<Number>(what);
      for (int64_t i = 0; i < n; ++i) {
        int64_t at = i * width;
        ForEachValue(get(subjects[i]), [&](auto& value) { value = numbers[at++]; });
      }
    }
  };
  ForEachNameField(take);
  take(
      kPixelScaleDoc, [](auto& of) -> auto& { return of.pixel_scale; });
  ForEachPlaceField(take);
  if (!has("image_focal_px") && has("usable")) {
    take(
        {"focal_px", FieldShape::kOne, "", ""},
        [](auto& of) -> auto& { return of.camera.focal_px; });
    take(
        {"center_px", FieldShape::kTwo, "", ""},
        [](auto& of) -> auto& { return of.camera.center_px; });
  }
  return subjects;
}

class FitNpzReader {
 public:
  FitNpzReader(const fs::path& path, const std::string& dataset)
      : path_(path), npz_(ReadNpz(path, WantedKeys())), head_(ReadHead(npz_, path)) {
    ReadRows(dataset);
    ForEachFitField([&](const FitField& field, const auto&) { values_.push_back(Values(field)); });
  }

  FitFile Read() const {
    std::vector<FitRows> sets;  // in the order of their first fits
    std::map<std::string, size_t> set_of;
    for (int64_t i = 0; i < n_; ++i) {
      if (!Used(i)) continue;
      const auto [entry, is_new] = set_of.try_emplace(names_[i], sets.size());
      if (is_new) sets.push_back({names_[i], 0, ""});
      int64_t& rows = sets[entry->second].rows;
      rows = std::max(rows, rows_[i] + 1);
    }
    FitFile file = FitFile::InMemory(sets, head_.layout, head_.origin, path_);
    for (int64_t i = 0; i < n_; ++i) {
      if (Used(i)) PutFit(&file, names_[i], rows_[i], FitAt(i), path_, i);
    }
    SetSubjects(&file);
    return file;
  }

 private:
  bool Has(const char* key) const { return npz_.contains(key); }
  std::string What(const std::string& key) const {
    return fmt::format("{}, key {}", path_.string(), key);
  }
  template <typename T>
  std::vector<T> Numbers(const char* key) const {
    const NdArray& array = Get(npz_, key, path_);
    array.CheckShape({n_}, What(key));
    return array.As<T>(What(key));
  }
  bool Used(int64_t i) const { return usable_.empty() || usable_[i] != 0; }

  void ReadRows(const std::string& dataset) {
    const char* const counted = Has("dataset") ? "dataset" : "index";
    Get(npz_, counted, path_).CheckShape({-1}, What(counted));
    n_ = Get(npz_, counted, path_).size();
    names_.assign(n_, "");
    if (Has("dataset")) {
      const NdArray& names = npz_.at("dataset");
      if (n_ > 0 && names.dtype != DType::kString) {
        ThrowUserError("{}: expected strings, found {}", What("dataset"), EnumName(names.dtype));
      }
      names_ = names.strings;
    }
    if (Has("usable")) usable_ = Numbers<uint8_t>("usable");
    const auto index = Numbers<int64_t>("index");
    rows_ = Has("row") ? Numbers<int64_t>("row") : index;
    if (Has("usable") && Has("pixel_scale")) scales_ = Numbers<double>("pixel_scale");
    constexpr int64_t kMaxRow = 1'000'000'000;
    for (int64_t i = 0; i < n_; ++i) {
      if (!Used(i)) continue;
      if (names_[i].empty() && (rows_[i] < 0 || !Has("dataset"))) {
        RequireDataset(dataset, path_);
        names_[i] = dataset;
        if (rows_[i] < 0) rows_[i] = index[i];
      }
      if (rows_[i] < 0 || rows_[i] > kMaxRow) {
        ThrowUserError("{}, row {}: {} cannot be a row of a data set",
                       What(Has("row") ? "row" : "index"), i, rows_[i]);
      }
    }
  }

  // The camera of a fit is the crop's, which has a key of its own where `focal_px` is another's.
  std::string KeyOf(const FitField& field) const {
    const std::string in_crop = std::string("crop_") + field.key;
    return Has(in_crop.c_str()) ? in_crop : field.key;
  }

  // The values of a field for all rows, as a record holds them.
  std::string Values(const FitField& field) const {
    std::string bytes;
    const int64_t width = FieldWidth(field.shape, head_.layout);
    const std::string key = KeyOf(field);
    // Older results of `gyre fit` had fewer keys than exports.
    const bool missing = (!field.in_all_exports || !Has("dataset")) && !Has(key.c_str());
    if (missing || width == 0) return std::string(DTypeSize(field.record) * n_ * width, '\0');
    const NdArray& array = Get(npz_, key, path_);
    if (field.shape == FieldShape::kOne) {
      array.CheckShape({n_}, What(key));
    } else {
      array.CheckShape({n_, width}, What(key));
    }
    WithType(field.record, [&](auto number) {
      const auto values = array.As<decltype(number)>(What(key));
      bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(number));
    });
    return bytes;
  }

  StoredFit FitAt(int64_t i) const {
    StoredFit fit(head_.layout);
    size_t k = 0;
    ForEachFitField([&](const FitField& field, const auto& get) {
      const std::string& of_all = values_[k++];
      TakeValues(field.record, of_all.data() + of_all.size() / n_ * i, get(fit));
    });
    // What a result of `gyre fit` or a network leaves open.
    if (!usable_.empty()) {
      for (float& sd : fit.rotation_sd_rad) sd = std::isnan(sd) ? 0 : sd;
      if (std::isnan(fit.pose_prior)) fit.pose_prior = 0;
      if (!Has("source")) fit.source = FitSource::kStatic;
    }
    // An older one does not say its crop: as if the principal point were its middle.
    if (!scales_.empty() && !Has("crop_focal_px")) {
      fit.camera.focal_px *= scales_[i];
      fit.camera.center_px = SpinCropCamera().center_px;
    }
    return fit;
  }

  // What the file says of whose fits they are.
  void SetSubjects(FitFile* file) const {
    std::vector<FitSubject> subjects = SubjectsOf(npz_, n_, path_);
    if (subjects.empty()) return;
    for (int64_t i = 0; i < n_; ++i) {
      if (Used(i)) file->SetSubject(file->Position(names_[i], rows_[i]), std::move(subjects[i]));
    }
  }

  fs::path path_;
  Npz npz_;
  NpzHead head_;
  int64_t n_ = 0;
  std::vector<std::string> names_;
  std::vector<int64_t> rows_;
  std::vector<uint8_t> usable_;      // empty: all are
  std::vector<double> scales_;       // pixel_scale
  std::vector<std::string> values_;  // of each field
};

}  // namespace

std::vector<FitSubject> ReadSubjects(const fs::path& path) {
  const std::vector<std::string> keys = NpzKeys(path);
  if (!IsFitNpz(keys) || std::ranges::count(keys, "id") == 0) return {};
  std::vector<std::string> wanted = {"usable"};
  ForEachSubjectField([&](const FieldDoc& doc, const auto&) { wanted.emplace_back(doc.key); });
  const Npz npz = ReadNpz(path, wanted);
  const NdArray& ids = Get(npz, "id", path);
  ids.CheckShape({-1}, fmt::format("{}, key id", path.string()));
  return SubjectsOf(npz, ids.size(), path);
}

FitFile ReadFitNpz(const fs::path& path, const std::string& dataset) {
  return FitNpzReader(path, dataset).Read();
}

}  // namespace gyre
