// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/body_layer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>

#include <map>

#include "body/model_joints.h"
#include "core/error.h"
#include "regressor/layers/body_functions.h"

namespace gyre {
namespace {

at::Tensor FromMatrix(const RowMatX& m, at::ScalarType dtype) {
  // from_blob wants a mutable pointer; the copy is made at once.
  return at::from_blob(const_cast<double*>(m.data()), {m.rows(), m.cols()}, at::kDouble)
      .to(dtype, /*non_blocking=*/false, /*copy=*/true);
}

at::Tensor IndexTensor(std::vector<int64_t> idx) {
  return at::from_blob(idx.data(), {static_cast<int64_t>(idx.size())}, at::kLong).clone();
}

// Three affine functions of the feature [3,1+F]: column 0 the constant, then shape, then pose
// feature.
using Affine = Eigen::Matrix<double, 3, Eigen::Dynamic, Eigen::RowMajor>;

// The constants of the folded joints, see the header.
struct Folded {
  std::vector<int64_t> joint, bone;  // the pairs (n,k)
  std::vector<Affine> offset;        // q_nk
  RowMatX bone_weights;              // [N,J]
};

Folded FoldJoints(const BodyModel& model, const RestJoints& rest, const KeypointSet& set) {
  const Eigen::Index num_shape = model.shapedirs.cols();
  Folded folded;
  folded.bone_weights = RowMatX::Zero(set.size(), model.layout->num_joints());
  for (int n = 0; n < set.size(); ++n) {
    if (!HasJoint(model, FindJoint(set.joints[n]))) continue;
    const JointCombination combination = CombinationOf(model, FindJoint(set.joints[n]));
    std::map<int, Affine> by_bone;
    for (const auto& [v, vertex_weight] : combination.vertices) {
      Affine rest_vertex(3, 1 + num_shape + model.posedirs.cols());
      rest_vertex << model.v_template.row(v).transpose(), model.shapedirs.middleRows<3>(3 * v),
          model.posedirs.middleRows<3>(3 * v);
      for (SparseRows::InnerIterator it(model.weights, v); it; ++it) {
        const int k = static_cast<int>(it.col());
        Affine about_joint = rest_vertex;
        about_joint.col(0) -= rest.mean.row(k).transpose();
        about_joint.middleCols(1, num_shape) -= rest.dirs.middleRows<3>(3 * k);
        const double weight = vertex_weight * it.value();
        const auto at = by_bone.try_emplace(k, Affine::Zero(3, rest_vertex.cols())).first;
        at->second += weight * about_joint;
        folded.bone_weights(n, k) += weight;
      }
    }
    for (const auto& [k, weight] : combination.joints) folded.bone_weights(n, k) += weight;
    for (const auto& [k, offset] : by_bone) {
      folded.joint.push_back(n);
      folded.bone.push_back(k);
      folded.offset.push_back(offset);
    }
  }
  return folded;
}

}  // namespace

BodyLayerImpl::BodyLayerImpl(const BodyModel& model, const KeypointSet& set, at::ScalarType dtype)
    : set_(set),
      num_vertices_(model.num_vertices()),
      num_shape_(model.layout->num_shape()),
      parents_(model.parents().begin(), model.parents().end()) {
  for (int n = 0; n < set.size(); ++n) {
    if (!HasJoint(model, FindJoint(set.joints[n]))) missing_.push_back(n);
  }
  const RestJoints rest(model);
  AddRestJoints(rest, dtype);
  AddPairs(model, rest, dtype);
  AddMesh(model, dtype);
  AddJointsOfMesh(model, dtype);
}

void BodyLayerImpl::AddRestJoints(const RestJoints& rest, at::ScalarType dtype) {
  const RowMatX mean = rest.mean.reshaped<Eigen::RowMajor>(1, rest.mean.size());
  rest_joints_mean_ = register_buffer("rest_joints_mean", FromMatrix(mean, dtype));
  rest_joints_dirs_ =
      register_buffer("rest_joints_dirs", FromMatrix(rest.dirs.transpose(), dtype));
  parent_idx_ = register_buffer("parent_idx", IndexTensor({parents_.begin() + 1, parents_.end()}));
}

void BodyLayerImpl::AddPairs(const BodyModel& model, const RestJoints& rest,
                             at::ScalarType dtype) {
  const Folded folded = FoldJoints(model, rest, set_);
  const auto pairs = static_cast<Eigen::Index>(folded.bone.size());
  const Eigen::Index num_features = num_shape_ + model.posedirs.cols();
  RowMatX mean(1, 3 * pairs), dirs(num_features, 3 * pairs);
  RowMatX pair_sum = RowMatX::Zero(set_.size(), pairs);
  for (Eigen::Index i = 0; i < pairs; ++i) {
    mean.middleCols<3>(3 * i) = folded.offset[i].col(0).transpose();
    dirs.middleCols<3>(3 * i) = folded.offset[i].rightCols(num_features).transpose();
    pair_sum(folded.joint[i], i) = 1;
  }
  folded_mean_ = register_buffer("folded_mean", FromMatrix(mean, dtype));
  folded_dirs_ = register_buffer("folded_dirs", FromMatrix(dirs, dtype));
  pair_sum_ = register_buffer("pair_sum", FromMatrix(pair_sum, dtype));
  pair_bone_ = register_buffer("pair_bone", IndexTensor(folded.bone));
  bone_weights_ = register_buffer("bone_weights", FromMatrix(folded.bone_weights, dtype));
}

// Vertices as planes: all x, all y, all z.
void BodyLayerImpl::AddMesh(const BodyModel& model, at::ScalarType dtype) {
  const RowMatX mean = model.v_template.reshaped<Eigen::ColMajor>(1, 3 * num_vertices_);
  RowMatX planes(num_shape_ + model.posedirs.cols(), 3 * num_vertices_);
  for (int64_t v = 0; v < num_vertices_; ++v) {
    for (int axis = 0; axis < 3; ++axis) {
      planes.col(axis * num_vertices_ + v) << model.shapedirs.row(3 * v + axis).transpose(),
          model.posedirs.row(3 * v + axis).transpose();
    }
  }
  const RowMatX weights = RowMatX(model.weights).transpose();
  v_mean_ = register_buffer("v_mean", FromMatrix(mean, dtype));
  v_dirs_ = register_buffer("v_dirs", FromMatrix(planes, dtype));
  skin_weights_ = register_buffer("skin_weights", FromMatrix(weights, dtype));
  mesh_ = std::make_shared<MeshBlocks>(mean, planes, weights);
}

void BodyLayerImpl::AddJointsOfMesh(const BodyModel& model, at::ScalarType dtype) {
  RowMatX regressor = RowMatX::Zero(set_.size(), num_vertices_);
  for (int n = 0; n < set_.size(); ++n) {
    if (!HasJoint(model, FindJoint(set_.joints[n]))) continue;
    const JointCombination combination = CombinationOf(model, FindJoint(set_.joints[n]));
    for (const auto& [vertex, weight] : combination.vertices) regressor(n, vertex) += weight;
    for (const auto& [joint, weight] : combination.joints) {
      regressor.row(n) += weight * model.J_regressor.row(joint);
    }
  }
  joints_of_mesh_ = register_buffer("joints_of_mesh", FromMatrix(regressor, dtype));
}

at::Tensor BodyLayerImpl::JointsOfMesh(const at::Tensor& vertices) const {
  GYRE_CHECK(vertices.dim() == 3 && vertices.size(1) == num_vertices_);
  return at::matmul(joints_of_mesh_.unsqueeze(0), vertices);
}

BodyPoints BodyLayerImpl::forward(const at::Tensor& rotations, const at::Tensor& shape,
                                  bool with_vertices) const {
  const int64_t batch = rotations.size(0), num_joints = this->num_joints();
  GYRE_CHECK(rotations.dim() == 4 && rotations.size(1) == num_joints);
  GYRE_CHECK(shape.dim() == 2 && shape.size(0) == batch && shape.size(1) == num_shape_);

  const at::Tensor pose_feature =
      (rotations.narrow(1, 1, num_joints - 1) - at::eye(3, rotations.options()))
          .reshape({batch, 9 * (num_joints - 1)});
  const at::Tensor feature = at::cat({shape, pose_feature}, 1);
  const at::Tensor rest_joints =
      at::addmm(rest_joints_mean_, shape, rest_joints_dirs_).view({batch, num_joints, 3});

  // Each joint's offset from its parent; the root's from the origin.
  const at::Tensor root = rest_joints.narrow(1, 0, 1);
  const at::Tensor offsets =
      at::cat({root, rest_joints.narrow(1, 1, num_joints - 1) -
                         rest_joints.index_select(1, parent_idx_)},
              1);
  const at::Tensor world = KinematicChain(at::cat({rotations, offsets.unsqueeze(3)}, 3), parents_);
  const at::Tensor bone_rotations = world.narrow(3, 0, 3);  // G_k
  BodyPoints out;
  out.kinematic = world.select(3, 3);

  const at::Tensor local = at::addmm(folded_mean_, feature, folded_dirs_).view({batch, pair_bone_.size(0), 3, 1});
  const at::Tensor pairs =
      at::matmul(bone_rotations.index_select(1, pair_bone_), local).squeeze(3);
  out.joints = at::matmul(pair_sum_, pairs) + at::matmul(bone_weights_, out.kinematic);

  if (with_vertices) {
    const at::Tensor shift =
        out.kinematic.unsqueeze(3) - at::matmul(bone_rotations, rest_joints.unsqueeze(3));
    const at::Tensor bones = at::cat({bone_rotations, shift}, 3);
    const at::Tensor planes =
        HasMeshKernels(feature)
            ? PosedMesh(feature, bones, mesh_).narrow(2, 0, num_vertices_)
            : Skin(bones, at::addmm(v_mean_, feature, v_dirs_).view({batch, 3, num_vertices_}),
                   skin_weights_);
    out.vertices = planes.transpose(1, 2);
  }
  return out;
}

}  // namespace gyre
