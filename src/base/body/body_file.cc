// SPDX-License-Identifier: Apache-2.0
// Body models from files: SMPL's keys in .npz or in the .pkl that its site gives out.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "body/body_model.h"
#include "body/file_kinds.h"
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
// Texts, which pickles of released models have none of.
constexpr const char* kTextKeys[] = {"landmark_names", "joint_names"};
constexpr const char* kOptionalKeys[] = {
    "landmark_vertices",       "J_regressor_extra",     "num_expression",   "lmk_faces_idx",
    "lmk_bary_coords",         "dynamic_lmk_faces_idx", "hands_meanl",      "hands_meanr",
    "dynamic_lmk_bary_coords", "hands_componentsl",     "hands_componentsr"};
constexpr int kShapesUsed = 10;  // of those that a file has, and as many expressions
// Where released files with 300 shapes keep the expressions.
constexpr int kManyShapes = 300, kManyColumns = 400;

constexpr int kContourRows = 79;  // see ContourRow
constexpr int kHandNumbers = 45;  // of the fifteen joints of a hand

// SMPL-X's vertices, valid for its 10475-vertex mesh only; in the order of kLandmarkNames.
constexpr int kSmplxVertices = 10475;
constexpr std::array<int, kNumLandmarks> kSmplxLandmarkVertices = {
    9120, 9929, 9448, 616,  6,    5770, 5780, 8846, 8463, 8474, 8635,
    5361, 4933, 5058, 5169, 5286, 8079, 7669, 7794, 7905, 8022};

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
  if (extension == ".npz") {
    std::vector<std::string> keys(std::begin(kRequiredKeys), std::end(kRequiredKeys));
    keys.insert(keys.end(), std::begin(kOptionalKeys), std::end(kOptionalKeys));
    keys.insert(keys.end(), std::begin(kTextKeys), std::end(kTextKeys));
    return ReadNpz(path, keys);  // released files have Python objects beside them
  }
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
  for (const char* key : kOptionalKeys) add(key);
  return arrays;
}

std::vector<std::string> KeysOf(const fs::path& path) {
  if (path.extension() == ".npz") return NpzKeys(path);
  return ReadPickle(path).root().Keys();
}

// Copies what a model needs out of the arrays of one file, checking shapes on the way.
class BodyFileReader {
 public:
  explicit BodyFileReader(const fs::path& path) : path_(path), arrays_(ReadArrays(path)) {}

  BodyModel Read() {
    for (const char* key : kRequiredKeys) {
      if (arrays_.contains(key)) continue;
      ThrowUserError("{}: has no key '{}', which body models have{}", path_.string(), key,
                     WhatKeysAre(KeysOf(path_)));
    }
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
    model.layout = ReadLayout();
    const int num_joints = model.num_joints();
    model.shapedirs = ReadShapeDirs(*model.layout);
    CheckIsABody(num_joints);
    const int features = model.layout->num_pose_features();
    model.posedirs = Dense("posedirs", {num_vertices_, 3, features}, 3 * num_vertices_, features);
    model.J_regressor = ReadSparse("J_regressor", num_joints, num_vertices_);
    model.weights = ReadSparse("weights", num_vertices_, num_joints);
    Array("f").CheckShape({-1, 3}, What("f"));
    model.faces =
        Eigen::Map<const Faces>(Array("f").As<int32_t>(What("f")).data(), Array("f").dim(0), 3);
    ReadLandmarks(&model);
    if (arrays_.contains("J_regressor_extra")) {
      model.J_regressor_extra = ReadSparse("J_regressor_extra", kNumExtraJoints, num_vertices_);
    }
    ReadFace(&model);
    ReadHands(&model);
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

  // UserError for the models of hands and heads, and for one whose pose correctives are others.
  void CheckIsABody(int num_joints) const {
    const std::string_view model = ModelOf(num_vertices_, num_joints);
    if (model == "MANO" || model == "FLAME") {
      ThrowUserError("{}: is {}, the model of a {}; gyre fits bodies: SMPL, SMPL+H and SMPL-X",
                     path_.string(), model, model == "MANO" ? "hand" : "head");
    }
    constexpr int64_t kStarCorrectives = 93;
    const std::vector<int64_t>& shape = Array("posedirs").shape;
    if (shape.size() == 3 && shape[2] == kStarCorrectives && model == "SMPL") {
      ThrowUserError(
          "{}: is STAR, whose pose correctives are not those of SMPL; give SMPL's own file",
          path_.string());
    }
  }

  // The columns of shapedirs that hold expressions, and how many there are.
  struct Columns {
    int betas = 0, expression_begin = 0, expression = 0;
  };
  Columns ShapeColumns(bool has_face) const {
    const NdArray& array = Array("shapedirs");
    array.CheckShape({num_vertices_, 3, -1}, What("shapedirs"));
    const int64_t components = array.dim(2);
    if (arrays_.contains("num_expression")) {  // written by gyre
      const std::vector<int64_t> number =
          Array("num_expression").As<int64_t>(What("num_expression"));
      if (number.size() != 1 || number[0] < 0 || number[0] > components || components > kMaxShape) {
        ThrowUserError("{} does not go with {} shape components.", What("num_expression"),
                       components);
      }
      const int betas = static_cast<int>(components - number[0]);
      return {betas, betas, static_cast<int>(number[0])};
    }
    if (components < kShapesUsed) {
      ThrowUserError("{} has {} shape components, and at least {} are needed.", What("shapedirs"),
                     components, kShapesUsed);
    }
    if (!has_face) return {kShapesUsed, 0, 0};
    const int begin = components >= kManyColumns ? kManyShapes : kShapesUsed;
    const int64_t left = components - begin;
    return {kShapesUsed, begin, static_cast<int>(std::min<int64_t>(kShapesUsed, left))};
  }

  RowMatX ReadShapeDirs(const BodyLayout& layout) const {
    const int64_t components = Array("shapedirs").dim(2);
    const RowMatX all = Dense("shapedirs", {-1, -1, -1}, 3 * num_vertices_, components);
    const Columns columns = ShapeColumns(layout.num_expression > 0);
    RowMatX used(all.rows(), layout.num_shape());
    used << all.leftCols(layout.num_betas),
        all.middleCols(columns.expression_begin, layout.num_expression);
    return used;
  }

  SparseRows ReadSparse(const std::string& key, int64_t rows, int64_t cols) const {
    return Dense(key, {rows, cols}, rows, cols).sparseView(0, 0);
  }

  std::shared_ptr<const BodyLayout> ReadLayout() const {
    std::vector<int> parents = ReadTree();
    std::vector<std::string> names;
    if (arrays_.contains("joint_names")) names = Array("joint_names").strings;
    if (!names.empty() && names.size() != parents.size()) {
      ThrowUserError("{}: {} names for {} joints.", What("joint_names"), names.size(),
                     parents.size());
    }
    BodyLayout layout = MakeLayout(std::move(parents), names, 0, 0);
    const bool has_face = layout.IndexOf("Jaw") >= 0 || arrays_.contains("num_expression");
    const Columns columns = ShapeColumns(has_face);
    layout.num_betas = columns.betas;
    layout.num_expression = columns.expression;
    if (layout == SmplLayout()) return SharedSmplLayout();
    return std::make_shared<const BodyLayout>(std::move(layout));
  }

  // Row 0 holds parents, row 1 the joints' own numbers. The root's parent is -1, which unsigned
  // files hold as 2^32 - 1.
  std::vector<int> ReadTree() const {
    const std::string what = What("kintree_table");
    Array("kintree_table").CheckShape({2, -1}, what);
    const int64_t num_joints = Array("kintree_table").dim(1);
    if (num_joints < 1 || num_joints > kMaxJoints) {
      ThrowUserError("{}: {} joints, where 1 to {} were expected.", what, num_joints, kMaxJoints);
    }
    const std::vector<int64_t> table = Array("kintree_table").As<int64_t>(what);
    std::vector<int> parents;
    for (int64_t k = 0; k < num_joints; ++k) {
      if (table[num_joints + k] != k) {
        ThrowUserError("{}: the second row must count the joints 0 to {}, but holds {} at {}.",
                       what, num_joints - 1, table[num_joints + k], k);
      }
      const bool is_none = table[k] == -1 || table[k] == std::numeric_limits<uint32_t>::max();
      const bool fits = table[k] >= 0 && table[k] < num_joints;
      if (!is_none && !fits) {
        ThrowUserError("{}: joint {} has the parent {}, and there are {} joints.", what, k,
                       table[k], num_joints);
      }
      parents.push_back(is_none ? -1 : static_cast<int>(table[k]));
    }
    return parents;
  }

  // Points in triangles: faces [...], their weights [...,3].
  std::vector<SurfacePoint> ReadPoints(const std::string& faces_key, const std::string& weights_key,
                                       const BodyModel& model) const {
    const std::vector<int64_t> faces = Array(faces_key).As<int64_t>(What(faces_key));
    const std::vector<double> weights = Array(weights_key).As<double>(What(weights_key));
    if (weights.size() != 3 * faces.size()) {
      ThrowUserError("{}: {} weights for {} points.", What(weights_key), weights.size(),
                     faces.size());
    }
    std::vector<SurfacePoint> points;
    for (size_t i = 0; i < faces.size(); ++i) {
      if (faces[i] < 0 || faces[i] >= model.faces.rows()) {
        ThrowUserError("{} names face {}, but there are {} faces.", What(faces_key), faces[i],
                       model.faces.rows());
      }
      SurfacePoint& point = points.emplace_back();
      for (int corner = 0; corner < 3; ++corner) {
        point.vertices[corner] = model.faces(faces[i], corner);
        point.weights[corner] = weights[3 * i + corner];
      }
    }
    return points;
  }

  void ReadFace(BodyModel* model) const {
    if (arrays_.contains("lmk_faces_idx") && arrays_.contains("lmk_bary_coords")) {
      Array("lmk_faces_idx").CheckShape({-1}, What("lmk_faces_idx"));
      model->face_landmarks = ReadPoints("lmk_faces_idx", "lmk_bary_coords", *model);
      if (model->face_landmarks.size() != kNumFaceLandmarks) model->face_landmarks.clear();
    }
    if (!arrays_.contains("dynamic_lmk_faces_idx") ||
        !arrays_.contains("dynamic_lmk_bary_coords")) {
      return;
    }
    Array("dynamic_lmk_faces_idx")
        .CheckShape({kContourRows, kNumContourPoints}, What("dynamic_lmk_faces_idx"));
    const std::vector<SurfacePoint> points =
        ReadPoints("dynamic_lmk_faces_idx", "dynamic_lmk_bary_coords", *model);
    model->contour.resize(kContourRows);
    for (size_t i = 0; i < points.size(); ++i) {
      model->contour[i / kNumContourPoints][i % kNumContourPoints] = points[i];
    }
  }

  void ReadHands(BodyModel* model) const {
    for (int right = 0; right < 2; ++right) {
      const std::string side = right ? "r" : "l", mean = "hands_mean" + side,
                        components = "hands_components" + side;
      if (!arrays_.contains(mean) || !arrays_.contains(components)) continue;
      const std::vector<double> numbers = Doubles(mean, {kHandNumbers});
      model->hands[right].mean = Eigen::Map<const VecX>(numbers.data(), kHandNumbers);
      Array(components).CheckShape({-1, kHandNumbers}, What(components));
      model->hands[right].components =
          Dense(components, {-1, -1}, Array(components).dim(0), kHandNumbers);
    }
  }

  void ReadLandmarks(BodyModel* model) const {
    if (!arrays_.contains("landmark_vertices")) {
      if (num_vertices_ == kSmplVertices) model->landmark_vertices = kSmplLandmarkVertices;
      if (num_vertices_ == kSmplxVertices) model->landmark_vertices = kSmplxLandmarkVertices;
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

SparseRows ReadExtraRegressor(const fs::path& path, const BodyModel& model) {
  const int num_vertices = model.num_vertices();
  const NdArray array = ReadNpy(path);
  if (array.shape.size() == 2 && array.dim(0) == kNumExtraJoints && array.dim(1) != num_vertices) {
    ThrowUserError("{}: is of a mesh with {} vertices{}, and the body {} has {}: it is {}",
                   path.string(), array.dim(1), array.dim(1) == kSmplVertices ? " (SMPL's)" : "",
                   model.name, num_vertices, FamilyTitle(*model.layout));
  }
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

}  // namespace

std::shared_ptr<const BodyModel> LoadBodyModel(const std::string& spec,
                                               const fs::path& extra_regressor) {
  auto model = std::make_shared<BodyModel>();
  if (IsBuiltinBody(spec)) {
    *model = spec == kBuiltinWholeBody ? MakeBuiltinWholeBody() : MakeBuiltinBody();
  } else {
    CheckExists(spec);
    *model = BodyFileReader(spec).Read();
    CheckBodyModel(*model);
  }
  if (!extra_regressor.empty()) {
    model->J_regressor_extra = ReadExtraRegressor(extra_regressor, *model);
  }
  return model;
}

}  // namespace gyre
