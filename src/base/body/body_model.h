// SPDX-License-Identifier: Apache-2.0
// A body model in the format that SMPL (Loper et al. 2015) and its descendants share, from a file or
// made by rule.
//
// Posed vertices, with J joints k, rotations R_k, shape b (betas, then expression) and
// F = vec(R_1 - I, ..., R_{J-1} - I):
//   v_shaped = v_template + shapedirs b               [V,3]
//   J        = J_regressor v_shaped                   [J,3]
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
#include "body/smpl_sizes.h"
#include "core/types.h"

namespace gyre {

inline constexpr int kNumLandmarks = 21;      // nose, eyes, ears, feet, fingertips
inline constexpr int kNumExtraJoints = 9;     // SPIN's regressed joints
inline constexpr int kNumFaceLandmarks = 51;  // iBUG's points 17 to 67: brows, nose, eyes, mouth
inline constexpr int kNumContourPoints = 17;  // iBUG's points 0 to 16: from ear to ear by the chin

constexpr std::array<int, kNumLandmarks> NoLandmarks() {
  std::array<int, kNumLandmarks> vertices{};
  vertices.fill(-1);
  return vertices;
}

using SparseRows = Eigen::SparseMatrix<double, Eigen::RowMajor>;

// A point of the skin, in one of its triangles: sum_i weights_i vertex_i.
struct SurfacePoint {
  std::array<int, 3> vertices{};
  std::array<double, 3> weights{};
};

struct BodyModel {
  std::string name;  // where it came from: a path, or "built-in"
  std::shared_ptr<const BodyLayout> layout = SharedSmplLayout();
  Points3 v_template;      // [V,3]
  RowMatX shapedirs;       // [3V,S], row 3 v + axis; S = betas and expression
  RowMatX posedirs;        // [3V,9(J-1)], row 3 v + axis, column 9 (k - 1) + 3 row + col of R_k - I
  SparseRows J_regressor;  // [J,V]
  SparseRows weights;      // [V,J]
  Faces faces;             // [F,3], counter-clockwise seen from outside
  // Vertex of each landmark by the order of JointRegistry's landmarks (-1: the model has none).
  std::array<int, kNumLandmarks> landmark_vertices = NoLandmarks();
  // SPIN's nine regressed joints [9,V]; 0 rows when the model has none (stand-ins are then used).
  SparseRows J_regressor_extra;
  std::vector<SurfacePoint> face_landmarks;  // [51], or none
  // The face's outline by the head's yaw: rows of 17 points, see ContourRow. Or none.
  std::vector<std::array<SurfacePoint, kNumContourPoints>> contour;
  // Of the left and the right hand, where the file has them: the mean pose [45] and principal
  // components [K,45] of its fifteen joints. The mean is not part of the rest pose here.
  struct Hand {
    VecX mean;
    RowMatX components;
  };
  std::array<Hand, 2> hands;

  int num_vertices() const { return static_cast<int>(v_template.rows()); }
  int num_joints() const { return layout->num_joints(); }
  const std::vector<int>& parents() const { return layout->parents; }
};

struct PosedBody {
  Points3 vertices;  // [V,3]
  Points3 joints;    // [J,3]
};

// The parameters must be of the model's layout. `correctives`, posedirs F [3V], are worked out where
// they are null.
PosedBody PoseBody(const BodyModel& model, const BodyParams& params,
                   const VecX* correctives = nullptr);

// The points of the face on a posed body [51,3]; no rows when the model has none.
Points3 FaceLandmarks(const BodyModel& model, const PosedBody& posed);
// And those of its outline [17,3].
Points3 ContourLandmarks(const BodyModel& model, const BodyParams& params, const PosedBody& posed);
// The row of `contour` for a pose: rounded degrees that the neck is turned by about y, root
// included; 0 to 39 to the right, 40 to 78 to the left. Source: smplx.
int ContourRow(const BodyModel& model, const BodyParams& params);

// The joints of the rest pose as a function of the shape, without a vertex: J(b) = mean + dirs b.
struct RestJoints {
  explicit RestJoints(const BodyModel& model);

  std::shared_ptr<const BodyLayout> layout;
  Points3 mean;  // [J,3]
  RowMatX dirs;  // [3J,S], row 3 k + axis

  // `shape` [S]: BodyParams::shape().
  Points3 At(const Eigen::Ref<const VecX>& shape) const;     // [J,3]
  Vec3 PelvisAt(const Eigen::Ref<const VecX>& shape) const;  // J_0, see symmetry.h
};

// The pose feature F = vec(R_1 - I, ..., R_{J-1} - I), each row by row.
VecX PoseFeature(const BodyParams& params);

// Every check on a model: shapes, rows of J_regressor and weights sum to 1, the tree is a tree,
// all finite, faces and landmarks in range. UserError names `model.name` and the key at fault.
void CheckBodyModel(const BodyModel& model);

// Makes the built-in bodies: see builtin_body.h.
BodyModel MakeBuiltinBody();       // of SMPL's layout
BodyModel MakeBuiltinWholeBody();  // of SMPL-X's: with hands and face

// Their names, and what they are asked for by.
inline constexpr std::string_view kBuiltinBodyName = "built-in";
inline constexpr std::string_view kBuiltinWholeBodyName = "built-in whole body";
inline constexpr std::string_view kBuiltinBody = "builtin";
inline constexpr std::string_view kBuiltinWholeBody = "builtin-x";
// Whether a specification names a body that needs no file.
inline bool IsBuiltinBody(std::string_view spec) {
  return spec.empty() || spec == kBuiltinBody || spec == kBuiltinWholeBody;
}

// Which body a command works with, as --body, --joint-regressor-extra say. `spec` is "builtin"
// (or empty), "builtin-x" (with hands and face) or a path: .npz with SMPL's keys, or .pkl as downloaded; of SMPL, SMPL+H, SMPL-X, MANO,
// FLAME, or any tree of joints. The first ten shapes are used, and of a face's expressions the first
// ten: columns 10 to 19 of shapedirs, of a file with 400 columns 300 to 309. `extra_regressor` is
// empty or SPIN's J_regressor_extra.npy ([9,V]). A file without landmark vertices gets the published
// ones when it has SMPL's 6890 or SMPL-X's 10475 vertices. UserError names the file and key; for a
// missing file, the ways to get one.
std::shared_ptr<const BodyModel> LoadBodyModel(const std::string& spec,
                                               const std::filesystem::path& extra_regressor = {});

// Writes SMPL's keys (v_template, shapedirs, posedirs, J_regressor, weights, kintree_table, f, J)
// and gyre's (landmark_vertices, landmark_names, J_regressor_extra; for other bodies than SMPL
// joint_names and num_expression) as .npz.
// Python's smplx takes it as SMPL(..., data_struct=Struct(**numpy.load(path))).
void SaveBodyModel(const BodyModel& model, const std::filesystem::path& path);

}  // namespace gyre
