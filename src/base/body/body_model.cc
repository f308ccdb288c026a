// SPDX-License-Identifier: Apache-2.0
#include "body/body_model.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/so3.h"

namespace gyre {
namespace {

// Points stored [V,3] in row-major order, seen as the vector [3V] that shapedirs multiply.
Eigen::Map<VecX> Flat(Points3& points) { return {points.data(), points.size()}; }

}  // namespace

RestJoints::RestJoints(const BodyModel& model)
    : layout(model.layout),
      mean(model.J_regressor * model.v_template),
      dirs(3 * mean.rows(), model.shapedirs.cols()) {
  // shapedirs' rows 3 v + axis, seen as one row of 3 S numbers per vertex.
  const Eigen::Index width = 3 * model.shapedirs.cols();
  const Eigen::Map<const RowMatX> per_vertex(model.shapedirs.data(), model.num_vertices(), width);
  Eigen::Map<RowMatX>(dirs.data(), mean.rows(), width) = model.J_regressor * per_vertex;
}

Points3 RestJoints::At(const Eigen::Ref<const VecX>& shape) const {
  GYRE_CHECK(shape.size() == dirs.cols());
  Points3 joints = mean;
  Flat(joints) += dirs * shape;
  return joints;
}

Vec3 RestJoints::PelvisAt(const Eigen::Ref<const VecX>& shape) const {
  GYRE_CHECK(shape.size() == dirs.cols());
  return mean.row(0).transpose() + dirs.topRows<3>().lazyProduct(shape);
}

VecX PoseFeature(const BodyParams& params) {
  VecX feature(9 * (params.num_joints() - 1));
  for (int k = 1; k < params.num_joints(); ++k) {
    using RowMat3 = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
    Eigen::Map<RowMat3>(feature.data() + 9 * (k - 1)) =
        ExpSO3(params.rotation(k)) - Mat3::Identity();
  }
  return feature;
}

PosedBody PoseBody(const BodyModel& model, const BodyParams& params, const VecX* correctives) {
  GYRE_CHECK(params.Fits(*model.layout), "parameters of {} joints for {}", params.num_joints(),
             model.name);
  const int num_joints = model.num_joints();
  Points3 rest = model.v_template;
  Flat(rest).noalias() += model.shapedirs * params.shape();
  const Points3 rest_joints = model.J_regressor * rest;
  if (correctives != nullptr) {
    Flat(rest) += *correctives;
  } else {
    Flat(rest).noalias() += model.posedirs * PoseFeature(params);
  }

  // World rotation of each bone, the position of its joint, and what it adds to a rest vertex.
  std::vector<Mat3> world(num_joints);
  Points3 offset(num_joints, 3);
  PosedBody posed{Points3(model.num_vertices(), 3), Points3(num_joints, 3)};
  for (int k = 0; k < num_joints; ++k) {
    const int parent = model.parents()[k];
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

namespace {

Vec3 PlaceOf(const SurfacePoint& point, const PosedBody& posed) {
  Vec3 place = Vec3::Zero();
  for (int i = 0; i < 3; ++i) {
    place += point.weights[i] * posed.vertices.row(point.vertices[i]).transpose();
  }
  return place;
}

}  // namespace

Points3 FaceLandmarks(const BodyModel& model, const PosedBody& posed) {
  Points3 places(model.face_landmarks.size(), 3);
  for (Eigen::Index i = 0; i < places.rows(); ++i) {
    places.row(i) = PlaceOf(model.face_landmarks[i], posed).transpose();
  }
  return places;
}

int ContourRow(const BodyModel& model, const BodyParams& params) {
  Mat3 world = Mat3::Identity();
  for (int k = model.layout->IndexOf("Neck"); k >= 0; k = model.parents()[k]) {
    world = ExpSO3(params.rotation(k)) * world;
  }
  // The angle about y as smplx takes it from the rotation matrix.
  const double sine = -world(2, 0), cosine = std::hypot(world(0, 0), world(1, 0));
  const double degrees = std::atan2(sine, cosine) * 180 / std::numbers::pi;
  constexpr double kHalf = 0.5 + 1e-6;  // as smplx's arithmetic leaves it: goes to the lesser row
  const int turned = static_cast<int>(std::max(0.0, std::ceil(std::abs(degrees) - kHalf)));
  if (turned == 0 || degrees < 0) return std::min(turned, 39);
  return 39 + std::min(turned, 39);
}

Points3 ContourLandmarks(const BodyModel& model, const BodyParams& params, const PosedBody& posed) {
  if (model.contour.empty()) return Points3(0, 3);
  const auto& row = model.contour[ContourRow(model, params)];
  Points3 places(kNumContourPoints, 3);
  for (int i = 0; i < kNumContourPoints; ++i) places.row(i) = PlaceOf(row[i], posed).transpose();
  return places;
}

}  // namespace gyre
