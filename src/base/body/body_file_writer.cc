// SPDX-License-Identifier: Apache-2.0
// Body models to files, as body_file.cc reads them.
#include <algorithm>
#include <vector>

#include "body/body_model.h"
#include "body/joints.h"
#include "core/error.h"
#include "io/npz.h"

namespace gyre {
namespace {

NdArray Shaped(const RowMatX& values, std::vector<int64_t> shape) {
  return NdArray::From<double>(std::move(shape),
                               {values.data(), static_cast<size_t>(values.size())});
}

NdArray FacesOf(const BodyModel& model, const std::vector<SurfacePoint>& points,
                std::vector<int64_t> shape) {
  std::vector<int64_t> faces;
  for (const SurfacePoint& point : points) {
    int64_t face = 0;
    while (face < model.faces.rows() && !std::equal(point.vertices.begin(), point.vertices.end(),
                                                    model.faces.row(face).begin())) {
      ++face;
    }
    GYRE_CHECK(face < model.faces.rows(), "a landmark is in no face");
    faces.push_back(face);
  }
  return NdArray::From<int64_t>(std::move(shape), faces);
}

NdArray WeightsOf(const std::vector<SurfacePoint>& points, std::vector<int64_t> shape) {
  std::vector<double> weights;
  for (const SurfacePoint& point : points) {
    weights.insert(weights.end(), point.weights.begin(), point.weights.end());
  }
  shape.push_back(3);
  return NdArray::From<double>(std::move(shape), weights);
}

// What only other bodies than SMPL's have.
void AddLayout(const BodyModel& model, Npz* arrays) {
  (*arrays)["joint_names"] = NdArray::FromStrings(model.layout->joints);
  (*arrays)["num_expression"] = NdArray::FromScalar(double(model.layout->num_expression));
  if (!model.face_landmarks.empty()) {
    (*arrays)["lmk_faces_idx"] = FacesOf(model, model.face_landmarks, {kNumFaceLandmarks});
    (*arrays)["lmk_bary_coords"] = WeightsOf(model.face_landmarks, {kNumFaceLandmarks});
  }
  if (!model.contour.empty()) {
    std::vector<SurfacePoint> all;
    for (const auto& row : model.contour) all.insert(all.end(), row.begin(), row.end());
    const std::vector<int64_t> shape = {std::ssize(model.contour), kNumContourPoints};
    (*arrays)["dynamic_lmk_faces_idx"] = FacesOf(model, all, shape);
    (*arrays)["dynamic_lmk_bary_coords"] = WeightsOf(all, shape);
  }
  for (int right = 0; right < 2; ++right) {
    const BodyModel::Hand& hand = model.hands[right];
    if (hand.mean.size() == 0) continue;
    const std::string side = right ? "r" : "l";
    (*arrays)["hands_mean" + side] = NdArray::From<double>(
        {hand.mean.size()}, {hand.mean.data(), static_cast<size_t>(hand.mean.size())});
    (*arrays)["hands_components" + side] = NdArray::FromMatrix(hand.components);
  }
}

}  // namespace

void SaveBodyModel(const BodyModel& model, const std::filesystem::path& path) {
  CheckBodyModel(model);
  const int64_t num_vertices = model.num_vertices();
  Npz arrays;
  arrays["v_template"] = Shaped(model.v_template, {num_vertices, 3});
  arrays["shapedirs"] = Shaped(model.shapedirs, {num_vertices, 3, model.shapedirs.cols()});
  arrays["posedirs"] = Shaped(model.posedirs, {num_vertices, 3, model.posedirs.cols()});
  arrays["J_regressor"] = NdArray::FromMatrix(RowMatX(model.J_regressor));
  arrays["J"] = NdArray::FromMatrix(RowMatX(model.J_regressor * model.v_template));
  arrays["weights"] = NdArray::FromMatrix(RowMatX(model.weights));
  if (model.J_regressor_extra.rows() != 0) {
    arrays["J_regressor_extra"] = NdArray::FromMatrix(RowMatX(model.J_regressor_extra));
  }

  const int num_joints = model.num_joints();
  std::vector<uint32_t> table(2 * num_joints);
  for (int k = 0; k < num_joints; ++k) {
    table[k] =
        static_cast<uint32_t>(model.parents()[k]);  // -1 becomes 2^32 - 1, as in SMPL's files
    table[num_joints + k] = k;
  }
  arrays["kintree_table"] = NdArray::From<uint32_t>({2, num_joints}, table);
  if (*model.layout != SmplLayout()) AddLayout(model, &arrays);
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
