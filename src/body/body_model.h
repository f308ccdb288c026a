// SPDX-License-Identifier: Apache-2.0
// A body model in SMPL's format (Loper et al. 2015), from a file or made by rule.
//
// Posed vertices, with 24 joints k, rotations R_k, shape b and F = vec(R_1 - I, ..., R_23 - I):
//   v_shaped = v_template + shapedirs b               [V,3]
//   J        = J_regressor v_shaped                   [24,3]
//   v_rest   = v_shaped + posedirs F                  [V,3]
//   G_k      = G_parent(k) [R_k | J_k - J_parent(k)]  (G_0 = [R_0 | J_0])
//   v        = sum_k weights_k G_k [v_rest - J_k] + translation
//
// Metres, body frame y up, facing +z, T-pose. R_0 turns about J_0 (the pelvis), so the pelvis stays
// at J_0 + translation: the translation is not the pelvis' position.
#pragma once

#include <Eigen/SparseCore>
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "body/body_layout.h"
#include "body/body_params.h"
#include "core/types.h"

namespace gyre {

inline constexpr int kNumBodyJoints = 24;                  // kinematic joints, root included
inline constexpr int kNumPoseParams = 3 * kNumBodyJoints;  // axis-angle
inline constexpr int kNumShapeParams = 10;                 // used of those a model has
inline constexpr int kNumPoseFeatures = 9 * (kNumBodyJoints - 1);
inline constexpr int kNumLandmarks = 21;   // nose, eyes, ears, feet, fingertips
inline constexpr int kNumExtraJoints = 9;  // SPIN's regressed joints

// The parent of each joint in SMPL's tree; the root has none.
inline constexpr std::array<int, kNumBodyJoints> kSmplParents = {
    -1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21};

constexpr std::array<int, kNumLandmarks> NoLandmarks() {
  std::array<int, kNumLandmarks> vertices{};
  vertices.fill(-1);
  return vertices;
}

using SparseRows = Eigen::SparseMatrix<double, Eigen::RowMajor>;

struct BodyModel {
  std::shared_ptr<const BodyLayout> layout = std::make_shared<BodyLayout>(SmplLayout());
  std::string name;        // where it came from: a path, or "built-in"
  Points3 v_template;      // [V,3]
  RowMatX shapedirs;       // [3V,10], row 3 v + axis
  RowMatX posedirs;        // [3V,207], row 3 v + axis, column 9 (k - 1) + 3 row + col of R_k - I
  SparseRows J_regressor;  // [24,V]
  SparseRows weights;      // [V,24]
  std::array<int, kNumBodyJoints> parents{};  // parents[0] = -1, parents[k] < k
  Faces faces;                                // [F,3], counter-clockwise seen from outside
  // Vertex of each landmark by the order of JointRegistry's landmarks (-1: the model has none).
  std::array<int, kNumLandmarks> landmark_vertices = NoLandmarks();
  // SPIN's nine regressed joints [9,V]; 0 rows when the model has none (stand-ins are then used).
  SparseRows J_regressor_extra;

  int num_vertices() const { return static_cast<int>(v_template.rows()); }
};

struct PosedBody {
  Points3 vertices;  // [V,3]
  Points3 joints;    // [24,3]
};

PosedBody PoseBody(const BodyModel& model, const BodyParams& params);

// The joints of the rest pose as a function of the shape, without a vertex: J(b) = mean + dirs b.
struct RestJoints {
  explicit RestJoints(const BodyModel& model);

  Points3 mean;  // [24,3]
  RowMatX dirs;  // [72,10], row 3 k + axis

  Points3 At(const Eigen::Matrix<double, kNumShapeParams, 1>& betas) const;  // [24,3]
  Vec3 PelvisAt(
      const Eigen::Matrix<double, kNumShapeParams, 1>& betas) const;  // J_0, see symmetry.h
};

// The pose feature F = vec(R_1 - I, ..., R_23 - I), each row by row.
Eigen::Matrix<double, kNumPoseFeatures, 1> PoseFeature(const BodyParams& params);

// Every check on a model: shapes, rows of J_regressor and weights sum to 1, the tree is a tree,
// all finite, faces and landmarks in range. UserError names `model.name` and the key at fault.
void CheckBodyModel(const BodyModel& model);

// Makes the built-in body: see builtin_body.h.
BodyModel MakeBuiltinBody();

// Which body a command works with, as --body, --joint-regressor-extra say. `spec` is "builtin"
// (or empty) or a path: .npz with SMPL's keys, or .pkl as downloaded. `extra_regressor` is empty or
// SPIN's J_regressor_extra.npy ([9,V]). A file without landmark vertices gets SMPL's published ones
// when it has SMPL's 6890 vertices. UserError names the file and key; for a missing file, the ways
// to get one.
std::shared_ptr<const BodyModel> LoadBodyModel(const std::string& spec,
                                               const std::filesystem::path& extra_regressor = {});

// Writes SMPL's keys (v_template, shapedirs, posedirs, J_regressor, weights, kintree_table, f, J)
// and gyre's (landmark_vertices, landmark_names, J_regressor_extra) as .npz.
// Python's smplx takes it as SMPL(..., data_struct=Struct(**numpy.load(path))).
void SaveBodyModel(const BodyModel& model, const std::filesystem::path& path);

}  // namespace gyre
