// SPDX-License-Identifier: Apache-2.0
// Body models as files: SMPL's keys in .npz or in the .pkl that its site gives out.
#include <algorithm>
#include <cmath>
#include <limits>

#include "body/body_model.h"
#include "body/joints.h"
#include "core/error.h"
#include "io/npz.h"
#include "io/pickle.h"

namespace gyre {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxVertices = 1'000'000;
constexpr const char* kRequiredKeys[] = {"v_template", "shapedirs", "posedirs",     "J_regressor",
                                         "weights",    "f",         "kintree_table"};
constexpr const char* kOptionalKeys[] = {"landmark_names", "landmark_vertices",
                                         "J_regressor_extra"};

void CheckExists(const fs::path& path) {
  std::error_code error;
  if (fs::exists(path, error)) return;
  ThrowUserError(
      "{}: there is no such body model. Leave out --body for the built-in body, make a lifelike "
      "one from MakeHuman's CC0 data with `gyre body import-makehuman FOLDER --out FILE.npz`, or "
      "download SMPL's .pkl from https://smpl.is.tue.mpg.de (free for research).",
      path.string());
}

// The arrays of a body file by key.
Npz ReadArrays(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".npz") return ReadNpz(path);
  if (extension != ".pkl") {
    ThrowUserError("{}: a body model is an .npz or a .pkl file with SMPL's keys, not \"{}\".",
                   path.string(), extension);
  }
  const Pickle pickle = ReadPickle(path);
  Npz arrays;
  const auto add = [&](const char* key) {
    const PickleValue* value = pickle.root().Find(key);
    if (value != nullptr) arrays[key] = value->AsArray(path.string() + ": " + key);
  };
  for (const char* key : kRequiredKeys) add(key);
  for (const char* key : kOptionalKeys) {
    if (std::string_view(key) != "landmark_names") add(key);
  }
  return arrays;
}

// Copies what a model needs out of the arrays of one file, checking shapes on the way.
class BodyFileReader {
 public:
  explicit BodyFileReader(const fs::path& path) : path_(path), arrays_(ReadArrays(path)) {}

  BodyModel Read() {
    for (const char* key : kRequiredKeys) Array(key);
    BodyModel model;
    model.name = path_.string();
    Array("v_template").CheckShape({-1, 3}, What("v_template"));
    num_vertices_ = Array("v_template").dim(0);
    if (num_vertices_ < 1 || num_vertices_ > kMaxVertices) {
      ThrowUserError("{}: {} vertices, where 1 to {} were expected.", What("v_template"),
                     num_vertices_, kMaxVertices);
    }
    model.v_template =
        Eigen::Map<const Points3>(Doubles("v_template", {-1, 3}).data(), num_vertices_, 3);
    model.shapedirs = ReadShapeDirs();
    model.posedirs = Dense("posedirs", {num_vertices_, 3, kNumPoseFeatures}, 3 * num_vertices_,
                           kNumPoseFeatures);
    model.J_regressor = ReadSparse("J_regressor", kNumBodyJoints, num_vertices_);
    model.weights = ReadSparse("weights", num_vertices_, kNumBodyJoints);
    ReadTree(&model);
    Array("f").CheckShape({-1, 3}, What("f"));
    model.faces =
        Eigen::Map<const Faces>(Array("f").As<int32_t>(What("f")).data(), Array("f").dim(0), 3);
    ReadLandmarks(&model);
    if (arrays_.contains("J_regressor_extra")) {
      model.J_regressor_extra = ReadSparse("J_regressor_extra", kNumExtraJoints, num_vertices_);
    }
    return model;
  }

 private:
  const NdArray& Array(const std::string& key) const { return Get(arrays_, key, path_); }
  std::string What(const std::string& key) const { return path_.string() + ": " + key; }

  std::vector<double> Doubles(const std::string& key, std::initializer_list<int64_t> shape) const {
    Array(key).CheckShape(shape, What(key));
    return Array(key).As<double>(What(key));
  }

  RowMatX Dense(const std::string& key, std::initializer_list<int64_t> shape, int64_t rows,
                int64_t cols) const {
    return Eigen::Map<const RowMatX>(Doubles(key, shape).data(), rows, cols);
  }

  // Released models have 10 or 300 components; the first ten are used.
  RowMatX ReadShapeDirs() const {
    const NdArray& array = Array("shapedirs");
    array.CheckShape({num_vertices_, 3, -1}, What("shapedirs"));
    const int64_t components = array.dim(2);
    if (components < kNumShapeParams) {
      ThrowUserError("{} has {} shape components, and at least {} are needed.", What("shapedirs"),
                     components, kNumShapeParams);
    }
    return Dense("shapedirs", {-1, -1, -1}, 3 * num_vertices_, components)
        .leftCols(kNumShapeParams);
  }

  SparseRows ReadSparse(const std::string& key, int64_t rows, int64_t cols) const {
    return Dense(key, {rows, cols}, rows, cols).sparseView(0, 0);
  }

  // Row 0 holds parents, row 1 the joints' own numbers. The root's parent is -1, which unsigned
  // files hold as 2^32 - 1.
  void ReadTree(BodyModel* model) const {
    const std::string what = What("kintree_table");
    Array("kintree_table").CheckShape({2, kNumBodyJoints}, what);
    const std::vector<int64_t> table = Array("kintree_table").As<int64_t>(what);
    for (int k = 0; k < kNumBodyJoints; ++k) {
      if (table[kNumBodyJoints + k] != k) {
        ThrowUserError("{}: the second row must count the joints 0 to {}, but holds {} at {}.",
                       what, kNumBodyJoints - 1, table[kNumBodyJoints + k], k);
      }
      const bool is_none = table[k] == -1 || table[k] == std::numeric_limits<uint32_t>::max();
      const bool fits = table[k] >= 0 && table[k] < kNumBodyJoints;
      if (!is_none && !fits) {
        ThrowUserError("{}: joint {} has the parent {}, and there are {} joints.", what, k,
                       table[k], kNumBodyJoints);
      }
      model->parents[k] = is_none ? -1 : static_cast<int>(table[k]);
    }
  }

  void ReadLandmarks(BodyModel* model) const {
    if (!arrays_.contains("landmark_vertices")) {
      if (num_vertices_ == kSmplVertices) model->landmark_vertices = kSmplLandmarkVertices;
      return;
    }
    const NdArray& array = Array("landmark_vertices");
    array.CheckShape({-1}, What("landmark_vertices"));
    const std::vector<int32_t> vertices = array.As<int32_t>(What("landmark_vertices"));
    // Without names the vertices stand in the registry's order.
    std::vector<std::string> names(kLandmarkNames.begin(), kLandmarkNames.end());
    if (arrays_.contains("landmark_names")) names = Array("landmark_names").strings;
    if (names.size() != vertices.size()) {
      ThrowUserError("{}: {} vertices for {} names in landmark_names.", What("landmark_vertices"),
                     vertices.size(), names.size());
    }
    for (size_t i = 0; i < names.size(); ++i) {
      const auto known = std::ranges::find(kLandmarkNames, names[i]);
      if (known == kLandmarkNames.end()) continue;  // other programs may mark more
      if (vertices[i] < 0 || vertices[i] >= num_vertices_) {
        ThrowUserError("{}: {} is vertex {}, but there are {} vertices.", What("landmark_vertices"),
                       names[i], vertices[i], num_vertices_);
      }
      model->landmark_vertices[known - kLandmarkNames.begin()] = vertices[i];
    }
  }

  fs::path path_;
  Npz arrays_;
  int64_t num_vertices_ = 0;
};

SparseRows ReadExtraRegressor(const fs::path& path, int num_vertices) {
  const NdArray array = ReadNpy(path);
  array.CheckShape({kNumExtraJoints, num_vertices}, path.string());
  const std::vector<double> values = array.As<double>(path.string());
  const SparseRows rows =
      Eigen::Map<const RowMatX>(values.data(), kNumExtraJoints, num_vertices).sparseView(0, 0);
  for (int row = 0; row < kNumExtraJoints; ++row) {
    if (!std::isfinite(rows.row(row).sum())) {
      ThrowUserError("{}: row {} holds a number that is not finite.", path.string(), row);
    }
  }
  return rows;
}

NdArray Shaped(const RowMatX& values, std::vector<int64_t> shape) {
  return NdArray::From<double>(std::move(shape),
                               {values.data(), static_cast<size_t>(values.size())});
}

}  // namespace

std::shared_ptr<const BodyModel> LoadBodyModel(const std::string& spec,
                                               const fs::path& extra_regressor) {
  auto model = std::make_shared<BodyModel>();
  if (spec.empty() || spec == "builtin") {
    *model = MakeBuiltinBody();
  } else {
    CheckExists(spec);
    *model = BodyFileReader(spec).Read();
    CheckBodyModel(*model);
  }
  if (!extra_regressor.empty()) {
    model->J_regressor_extra = ReadExtraRegressor(extra_regressor, model->num_vertices());
  }
  return model;
}

void SaveBodyModel(const BodyModel& model, const fs::path& path) {
  CheckBodyModel(model);
  const int64_t num_vertices = model.num_vertices();
  Npz arrays;
  arrays["v_template"] = Shaped(model.v_template, {num_vertices, 3});
  arrays["shapedirs"] = Shaped(model.shapedirs, {num_vertices, 3, kNumShapeParams});
  arrays["posedirs"] = Shaped(model.posedirs, {num_vertices, 3, kNumPoseFeatures});
  arrays["J_regressor"] = NdArray::FromMatrix(RowMatX(model.J_regressor));
  arrays["J"] = NdArray::FromMatrix(RowMatX(model.J_regressor * model.v_template));
  arrays["weights"] = NdArray::FromMatrix(RowMatX(model.weights));
  if (model.J_regressor_extra.rows() != 0) {
    arrays["J_regressor_extra"] = NdArray::FromMatrix(RowMatX(model.J_regressor_extra));
  }

  std::array<uint32_t, 2 * kNumBodyJoints> table;
  for (int k = 0; k < kNumBodyJoints; ++k) {
    table[k] = static_cast<uint32_t>(model.parents[k]);  // -1 becomes 2^32 - 1, as in SMPL's files
    table[kNumBodyJoints + k] = k;
  }
  arrays["kintree_table"] = NdArray::From<uint32_t>({2, kNumBodyJoints}, table);
  const std::vector<uint32_t> faces(model.faces.data(), model.faces.data() + model.faces.size());
  arrays["f"] = NdArray::From<uint32_t>({model.faces.rows(), 3}, faces);

  std::vector<std::string> names;
  std::vector<int64_t> vertices;
  for (int i = 0; i < kNumLandmarks; ++i) {
    if (model.landmark_vertices[i] < 0) continue;
    names.emplace_back(kLandmarkNames[i]);
    vertices.push_back(model.landmark_vertices[i]);
  }
  arrays["landmark_names"] = NdArray::FromStrings(names);
  arrays["landmark_vertices"] =
      NdArray::From<int64_t>({static_cast<int64_t>(vertices.size())}, vertices);
  WriteNpz(path, arrays);
}

}  // namespace gyre
