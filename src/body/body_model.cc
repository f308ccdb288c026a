// SPDX-License-Identifier: Apache-2.0
#include "body/body_model.h"

#include "core/so3.h"

namespace gyre {
namespace {

using Betas = Eigen::Matrix<double, kNumShapeParams, 1>;

// Points stored [V,3] in row-major order, seen as the vector [3V] that shapedirs multiply.
Eigen::Map<VecX> Flat(Points3& points) { return {points.data(), points.size()}; }

}  // namespace

RestJoints::RestJoints(const BodyModel& model)
    : mean(model.J_regressor * model.v_template), dirs(kNumPoseParams, kNumShapeParams) {
  // shapedirs' rows 3 v + axis, seen as one row of 3 x 10 numbers per vertex.
  const Eigen::Map<const RowMatX> per_vertex(model.shapedirs.data(), model.num_vertices(),
                                             3 * kNumShapeParams);
  Eigen::Map<RowMatX>(dirs.data(), kNumBodyJoints, 3 * kNumShapeParams) =
      model.J_regressor * per_vertex;
}

Points3 RestJoints::At(const Betas& betas) const {
  Points3 joints = mean;
  Flat(joints) += dirs * betas;
  return joints;
}

Vec3 RestJoints::PelvisAt(const Betas& betas) const {
  return mean.row(0).transpose() + dirs.topRows<3>() * betas;
}

Eigen::Matrix<double, kNumPoseFeatures, 1> PoseFeature(const BodyParams& params) {
  Eigen::Matrix<double, kNumPoseFeatures, 1> feature;
  for (int k = 1; k < kNumBodyJoints; ++k) {
    using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
    Eigen::Map<RowMat3>(feature.data() + 9 * (k - 1)) =
        ExpSO3(params.rotation(k)) - Mat3::Identity();
  }
  return feature;
}

PosedBody PoseBody(const BodyModel& model, const BodyParams& params) {
  Points3 rest = model.v_template;
  Flat(rest).noalias() += model.shapedirs * params.shape<kNumShapeParams>();
  const Points3 rest_joints = model.J_regressor * rest;
  Flat(rest).noalias() += model.posedirs * PoseFeature(params);

  // World rotation of each bone, the position of its joint, and what it adds to a rest vertex.
  std::array<Mat3, kNumBodyJoints> world;
  Points3 offset(kNumBodyJoints, 3);
  PosedBody posed{Points3(model.num_vertices(), 3), Points3(kNumBodyJoints, 3)};
  for (int k = 0; k < kNumBodyJoints; ++k) {
    const int parent = model.parents[k];
    world[k] = ExpSO3(params.rotation(k));
    if (parent < 0) {
      posed.joints.row(k) = rest_joints.row(k);
    } else {
      const Vec3 bone = (rest_joints.row(k) - rest_joints.row(parent)).transpose();
      posed.joints.row(k) = posed.joints.row(parent) + (world[parent] * bone).transpose();
      world[k] = world[parent] * world[k];
    }
    offset.row(k) = posed.joints.row(k) - rest_joints.row(k) * world[k].transpose();
  }
  for (int v = 0; v < model.num_vertices(); ++v) {
    Mat3 rotation = Mat3::Zero();
    Vec3 translation = Vec3::Zero();
    for (SparseRows::InnerIterator weight(model.weights, v); weight; ++weight) {
      rotation += weight.value() * world[weight.col()];
      translation += weight.value() * offset.row(weight.col()).transpose();
    }
    posed.vertices.row(v) = (rotation * rest.row(v).transpose() + translation).transpose();
  }
  posed.vertices.rowwise() += params.transl().transpose();
  posed.joints.rowwise() += params.transl().transpose();
  return posed;
}

}  // namespace gyre
