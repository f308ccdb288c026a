// SPDX-License-Identifier: Apache-2.0
#include "datasets/readers/spin_npz.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "io/npz.h"

namespace gyre {
namespace fs = std::filesystem;

namespace {

constexpr double kSpinScalePx = 200;
constexpr int kExtraKeypoints = 19;  // of the superset, without nose, eyes and ears

const KeypointSet& OpenPosePart() { return FindKeypointSet("body25"); }
const KeypointSet& SupersetPart() { return FindKeypointSet("superset24"); }

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
    is_relative = Has("body_keypoints_2d") && !Has("openpose") && !Has("part");
    is_relative ? OpenRelative() : OpenSpin();
    Open("transl", {3}, false, &transl);
    Open("focal_px", {}, false, &focal_px);
    Open("center_px", {2}, Has("focal_px"), &center_px);
    Open("frame", {}, false, &frame);
    Open("track", {}, false, &track);
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

  // Whether the keys are those of HMR 2.0's and ProHMR's files.
  bool is_relative = false;
  int scale_columns = 1;
  // Rows of 'part' and 'S', the first of the superset.
  int num_part = SupersetPart().size();

  // The block: its place in the file, and its values; empty for keys that the file lacks.
  int64_t first_row = 0;
  bool HasTruth() const { return Has("pose") || Has("body_pose"); }
  int64_t rows() const { return static_cast<int64_t>(imgname.size()); }
  std::vector<std::string> imgname, gender, maskname, partname;
  std::vector<double> center, scale, part, openpose, pose, shape, has_smpl, S, transl, focal_px,
      center_px, frame, track;

 private:
  struct Column {
    NpzRows rows;
    std::string what;
    std::vector<double>* values;
  };

  void OpenSpin() {
    Open("scale", {}, true, &scale);
    Open("part", {num_part, 3}, false, &part);
    Open("openpose", {OpenPosePart().size(), 3}, false, &openpose);
    Open("pose", {SmplLayout().num_pose()}, false, &pose);
    Open("shape", {SmplLayout().num_betas}, Has("pose"), &shape);
    Open("has_smpl", {}, false, &has_smpl);
    Open("S", {num_part, 4}, false, &S);
  }

  void OpenRelative() {
    num_part = kExtraKeypoints;
    if (Has("scale") && ValuesOfRow("scale") == 2) scale_columns = 2;
    Open("scale", {scale_columns}, true, &scale);
    Open("extra_keypoints_2d", {num_part, 3}, false, &part);
    Open("body_keypoints_2d", {OpenPosePart().size(), 3}, false, &openpose);
    Open("extra_keypoints_3d", {num_part, 4}, false, &S);
    const bool whole_pose =
        Has("body_pose") && Has("betas") && ValuesOfRow("body_pose") == SmplLayout().num_pose();
    if (!whole_pose) return;
    Open("body_pose", {SmplLayout().num_pose()}, false, &pose);
    Open("betas", {SmplLayout().num_betas}, false, &shape);
    Open("has_body_pose", {}, false, &has_smpl);
  }

  int64_t ValuesOfRow(const std::string& key) const {
    const NpzRows column(path_, key);
    const NdArray whole{column.dtype(), column.shape(), {}, {}};
    return whole.shape[0] > 0 ? whole.size() / whole.shape[0] : 0;
  }

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

// Rows [N,3] of x, y, confidence, the first N joints of those that stand together in SPIN's 49.
void PlaceRows(const std::vector<double>& column, int64_t row, const KeypointSet& part, int count,
               Keypoints* found) {
  if (column.empty()) return;
  const int first = found->set->IndexOf(part.joints.front());
  for (int i = 0; i < count; ++i) {
    const double* v = &column[3 * (count * row + i)];
    if (v[2] <= 0) continue;
    found->px.row(first + i) << v[0], v[1];
    found->confidence[first + i] = v[2];
  }
}

void PlaceTruth(const SpinFile& file, int64_t row, Person* person) {
  const bool has_params = !file.pose.empty() && (file.has_smpl.empty() || file.has_smpl[row] > 0);
  if (has_params) {
    BodyParams params(SmplLayout());
    const auto copy = [&](const std::vector<double>& from, auto to) {
      to = Eigen::Map<const VecX>(&from[to.size() * row], to.size());
    };
    copy(file.pose, params.pose());
    copy(file.shape, params.betas());
    if (!file.transl.empty()) {
      copy(file.transl, params.transl());
      person->params_have_translation = !params.transl().array().isNaN().all();
      if (!person->params_have_translation) params.transl().setZero();
    }
    person->params = params;
  }
  if (file.S.empty()) return;
  SpaceJoints& joints = person->joints3d.emplace(SupersetPart());
  for (int i = 0; i < file.num_part; ++i) {
    const double* v = &file.S[4 * (file.num_part * row + i)];
    if (v[3] <= 0) continue;
    joints.m.row(i) << v[0], v[1], v[2];
    joints.confidence[i] = v[3];
  }
}

// Of the box. SPIN's relatives have pixels, of one side or both, or SPIN's 200 px: whichever is
// nearer to what the keypoints take.
double SideOf(const SpinFile& file, int64_t row, const Keypoints& keypoints) {
  const double* v = &file.scale[file.scale_columns * row];
  const double scale = *std::max_element(v, v + file.scale_columns);
  if (!file.is_relative || !(scale > 0)) return kSpinScalePx * scale;
  const auto bounds = BoxAroundPoints(keypoints.px, keypoints.confidence, kBoxMargin);
  const double expected = bounds ? bounds->side_px : kSpinScalePx;
  const auto error = [&](double side) { return std::abs(std::log(side / expected)); };
  return error(scale) < error(kSpinScalePx * scale) ? scale : kSpinScalePx * scale;
}

Gender GenderOf(const std::string& text) {
  return text == "m" ? Gender::kMale : text == "f" ? Gender::kFemale : Gender::kUnknown;
}

int64_t WholeNumber(double value, const char* key, const std::string& what) {
  if (!(value >= -1 && value <= 0x1p53 && value == std::floor(value))) {
    ThrowUserError("{}: key '{}': {} is no whole number from 0, nor -1 for none", what, key, value);
  }
  return static_cast<int64_t>(value);
}

// `row` counts within the file's block.
Person PersonOf(const SpinFile& file, int64_t row, const RowReader& rows, const fs::path& masks) {
  Person person = rows.NewPerson(file.first_row + row);
  const std::string what = fmt::format("{}: row {}", person.source_file, person.index);
  rows.SetPicture(file.imgname[row], what, &person);
  if (!file.maskname.empty() && !file.maskname[row].empty()) {
    person.silhouette_path = PathInFolder(masks, file.maskname[row], what).string();
  }
  if (!file.partname.empty() && !file.partname[row].empty()) {
    person.parts_path = PathInFolder(masks, file.partname[row], what).string();
  }
  if (!file.frame.empty()) person.frame = WholeNumber(file.frame[row], "frame", what);
  if (!file.track.empty()) person.track = WholeNumber(file.track[row], "track", what);
  Keypoints found(SpinJoints());
  PlaceRows(file.openpose, row, OpenPosePart(), OpenPosePart().size(), &found);
  PlaceRows(file.part, row, SupersetPart(), file.num_part, &found);
  rows.SetKeypoints(found, &person);
  rows.SetBox({Vec2(file.center[2 * row], file.center[2 * row + 1]), SideOf(file, row, found)},
              &person);
  PlaceTruth(file, row, &person);
  if (!file.focal_px.empty() && !(file.focal_px[row] <= 0)) {
    person.camera =
        Camera{file.focal_px[row], Vec2(file.center_px[2 * row], file.center_px[2 * row + 1])};
  }
  if (!file.gender.empty()) person.gender = GenderOf(file.gender[row]);
  rows.Finish(&person);
  return person;
}

// Of which body the file says that its truth is; it need not say it.
BodyIdentity TruthBodyOf(const fs::path& path) {
  const std::vector<std::string> keys = {"body_path", "body_fingerprint"};
  BodyIdentity body;
  for (const auto& [key, array] : ReadNpz(path, keys)) {
    if (array.dtype != DType::kString || array.strings.size() != 1) {
      ThrowUserError("{}: key '{}' must be one text", path.string(), key);
    }
    (key == keys[0] ? body.path : body.fingerprint) = array.strings[0];
  }
  return body;
}

}  // namespace

void ReadSpinNpz(const fs::path& path, const SpinOptions& options, const PersonSink& sink) {
  const RowReader rows(path, options, SpinJoints());
  SpinFile file(path);
  if (options.truth_body && file.HasTruth()) options.truth_body(TruthBodyOf(path));
  while (file.NextBlock()) {
    for (int64_t row = 0; row < file.rows(); ++row) {
      sink(PersonOf(file, row, rows, options.masks));
    }
  }
}

}  // namespace gyre
