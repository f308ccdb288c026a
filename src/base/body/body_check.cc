// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "body/body_model.h"
#include "core/error.h"

namespace gyre {
namespace {

void CheckShape(const BodyModel& model, const char* key, int64_t rows, int64_t cols,
                int64_t expected_rows, int64_t expected_cols) {
  if (rows != expected_rows || cols != expected_cols) {
    ThrowUserError("{}: {} has {} x {} numbers where {} x {} were expected.", model.name, key, rows,
                   cols, expected_rows, expected_cols);
  }
}

template <typename Derived>
void CheckFinite(const BodyModel& model, const char* key, const Eigen::DenseBase<Derived>& values) {
  if (!values.allFinite()) {
    ThrowUserError("{}: {} holds a number that is not finite (NaN or infinity).", model.name, key);
  }
}

void CheckFinite(const BodyModel& model, const char* key, const SparseRows& values) {
  CheckFinite(model, key, Eigen::Map<const VecX>(values.valuePtr(), values.nonZeros()));
}

void CheckRowSums(const BodyModel& model, const char* key, const SparseRows& rows) {
  constexpr double kTolerance = 1e-3;  // released files are float32
  for (int row = 0; row < rows.rows(); ++row) {
    const double sum = rows.row(row).sum();
    if (std::abs(sum - 1) > kTolerance) {
      ThrowUserError("{}: row {} of {} sums to {:.6g}, and every row must sum to 1.", model.name,
                     row, key, sum);
    }
  }
}

void CheckSizes(const BodyModel& model) {
  const BodyLayout& layout = *model.layout;
  if (layout.num_joints() < 1 || layout.num_joints() > kMaxJoints ||
      layout.num_shape() > kMaxShape) {
    ThrowUserError(
        "{}: {} joints and {} shapes, where 1 to {} joints and at most {} shapes can be.",
        model.name, layout.num_joints(), layout.num_shape(), kMaxJoints, kMaxShape);
  }
  GYRE_CHECK(layout.parents.size() == layout.joints.size() &&
             layout.mirror.size() == layout.joints.size() &&
             layout.blocks.size() == layout.joints.size());
}

void CheckSurfacePoint(const BodyModel& model, const char* key, const SurfacePoint& point) {
  double sum = 0;
  for (int i = 0; i < 3; ++i) {
    if (point.vertices[i] < 0 || point.vertices[i] >= model.num_vertices()) {
      ThrowUserError("{}: {} names vertex {}, but there are {} vertices.", model.name, key,
                     point.vertices[i], model.num_vertices());
    }
    sum += point.weights[i];
  }
  if (!(std::abs(sum - 1) < 1e-3)) {
    ThrowUserError("{}: {} has a point whose weights sum to {:.6g}, and they must sum to 1.",
                   model.name, key, sum);
  }
}

void CheckTree(const BodyModel& model) {
  if (model.parents()[0] != -1) {
    ThrowUserError("{}: kintree_table gives joint 0 the parent {}, but it must be the root.",
                   model.name, model.parents()[0]);
  }
  for (int k = 1; k < model.num_joints(); ++k) {
    if (model.parents()[k] < 0 || model.parents()[k] >= k) {
      ThrowUserError(
          "{}: kintree_table gives joint {} the parent {}; in a tree in SMPL's order it "
          "is one of the joints before it.",
          model.name, k, model.parents()[k]);
    }
  }
}

}  // namespace

void CheckBodyModel(const BodyModel& model) {
  CheckSizes(model);
  const int num_vertices = model.num_vertices();
  if (num_vertices == 0) ThrowUserError("{}: v_template holds no vertex.", model.name);
  CheckShape(model, "shapedirs", model.shapedirs.rows(), model.shapedirs.cols(), 3 * num_vertices,
             model.layout->num_shape());
  CheckShape(model, "posedirs", model.posedirs.rows(), model.posedirs.cols(), 3 * num_vertices,
             model.layout->num_pose_features());
  CheckShape(model, "J_regressor", model.J_regressor.rows(), model.J_regressor.cols(),
             model.num_joints(), num_vertices);
  CheckShape(model, "weights", model.weights.rows(), model.weights.cols(), num_vertices,
             model.num_joints());
  if (model.J_regressor_extra.rows() != 0) {
    CheckShape(model, "J_regressor_extra", model.J_regressor_extra.rows(),
               model.J_regressor_extra.cols(), kNumExtraJoints, num_vertices);
  }
  CheckFinite(model, "v_template", model.v_template);
  CheckFinite(model, "shapedirs", model.shapedirs);
  CheckFinite(model, "posedirs", model.posedirs);
  CheckFinite(model, "J_regressor", model.J_regressor);
  CheckFinite(model, "weights", model.weights);
  CheckFinite(model, "J_regressor_extra", model.J_regressor_extra);
  CheckRowSums(model, "J_regressor", model.J_regressor);
  CheckRowSums(model, "weights", model.weights);
  CheckTree(model);
  if (model.faces.rows() == 0) ThrowUserError("{}: f holds no face.", model.name);
  for (int face = 0; face < model.faces.rows(); ++face) {
    for (const int corner : model.faces.row(face)) {
      if (corner < 0 || corner >= num_vertices) {
        ThrowUserError("{}: row {} of f names vertex {}, but there are {} vertices.", model.name,
                       face, corner, num_vertices);
      }
    }
  }
  for (const int vertex : model.landmark_vertices) {
    if (vertex < -1 || vertex >= num_vertices) {
      ThrowUserError("{}: landmark_vertices names vertex {}, but there are {} vertices.",
                     model.name, vertex, num_vertices);
    }
  }
  for (const SurfacePoint& point : model.face_landmarks) {
    CheckSurfacePoint(model, "lmk_faces_idx", point);
  }
  for (const auto& row : model.contour) {
    for (const SurfacePoint& point : row) CheckSurfacePoint(model, "dynamic_lmk_faces_idx", point);
  }
}

}  // namespace gyre
