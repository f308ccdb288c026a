// SPDX-License-Identifier: Apache-2.0
#include "regressor/smpl_layer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>

#include <map>

#include "body/joints.h"
#include "body/model_joints.h"
#include "core/error.h"
#include "regressor/smpl_functions.h"

namespace gyre {
namespace {

constexpr int kNumFeatures = kNumShapeParams + kNumPoseFeatures;

at::Tensor FromMatrix(const RowMatX& m, at::ScalarType dtype) {
  // from_blob wants a mutable pointer; the copy is made at once.
  return at::from_blob(const_cast<double*>(m.data()), {m.rows(), m.cols()}, at::kDouble)
      .to(dtype, /*non_blocking=*/false, /*copy=*/true);
}

at::Tensor IndexTensor(std::vector<int64_t> idx) {
  return at::from_blob(idx.data(), {static_cast<int64_t>(idx.size())}, at::kLong).clone();
}

// Three affine functions of the feature: column 0 the constant, then betas, then pose feature.
using Affine = Eigen::Matrix<double, 3, 1 + kNumFeatures, Eigen::RowMajor>;

// The constants of the folded joints, see the header.
struct Folded {
  std::vector<int64_t> joint, bone;  // the pairs (n,k)
  std::vector<Affine> offset;        // q_nk
  RowMatX bone_weights;              // [49,24]
};

Folded FoldJoints(const BodyModel& model, const RestJoints& rest, const KeypointSet& set) {
  Folded folded;
  folded.bone_weights = RowMatX::Zero(set.size(), kNumBodyJoints);
  for (int n = 0; n < set.size(); ++n) {
    const JointCombination combination = CombinationOf(model, FindJoint(set.joints[n]));
    std::map<int, Affine> by_bone;
    for (const auto& [v, vertex_weight] : combination.vertices) {
      Affine rest_vertex;
      rest_vertex << model.v_template.row(v).transpose(),
          model.shapedirs.middleRows<3>(3 * v).leftCols<kNumShapeParams>(),
          model.posedirs.middleRows<3>(3 * v);
      for (SparseRows::InnerIterator it(model.weights, v); it; ++it) {
        const int k = static_cast<int>(it.col());
        Affine about_joint = rest_vertex;
        about_joint.col(0) -= rest.mean.row(k).transpose();
        about_joint.middleCols<kNumShapeParams>(1) -= rest.dirs.middleRows<3>(3 * k);
        const double weight = vertex_weight * it.value();
        by_bone.try_emplace(k, Affine::Zero()).first->second += weight * about_joint;
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

SmplLayerImpl::SmplLayerImpl(const BodyModel& model, at::ScalarType dtype)
    : num_vertices_(model.num_vertices()), parents_(model.parents().begin(), model.parents().end()) {
  const auto buffer = [&](const char* name, const RowMatX& m) {
    return register_buffer(name, FromMatrix(m, dtype));
  };
  const RestJoints rest(model);
  const RowMatX rest_mean = rest.mean.reshaped<Eigen::RowMajor>(1, kNumPoseParams);
  rest_joints_mean_ = buffer("rest_joints_mean", rest_mean);
  rest_joints_dirs_ = buffer("rest_joints_dirs", rest.dirs.transpose());
  parent_idx_ = register_buffer("parent_idx", IndexTensor({parents_.begin() + 1, parents_.end()}));

  const Folded folded = FoldJoints(model, rest, SpinJoints());
  const auto pairs = static_cast<Eigen::Index>(folded.bone.size());
  RowMatX mean(1, 3 * pairs), dirs(kNumFeatures, 3 * pairs);
  RowMatX pair_sum = RowMatX::Zero(kNumSpinJoints, pairs);
  for (Eigen::Index i = 0; i < pairs; ++i) {
    mean.middleCols<3>(3 * i) = folded.offset[i].col(0).transpose();
    dirs.middleCols<3>(3 * i) = folded.offset[i].rightCols<kNumFeatures>().transpose();
    pair_sum(folded.joint[i], i) = 1;
  }
  folded_mean_ = buffer("folded_mean", mean);
  folded_dirs_ = buffer("folded_dirs", dirs);
  pair_sum_ = buffer("pair_sum", pair_sum);
  pair_bone_ = register_buffer("pair_bone", IndexTensor(folded.bone));
  bone_weights_ = buffer("bone_weights", folded.bone_weights);

  // Vertices as planes: all x, all y, all z.
  const RowMatX v_mean = model.v_template.reshaped<Eigen::ColMajor>(1, 3 * num_vertices_);
  v_mean_ = buffer("v_mean", v_mean);
  RowMatX planes(kNumFeatures, 3 * num_vertices_);
  for (int64_t v = 0; v < num_vertices_; ++v) {
    for (int axis = 0; axis < 3; ++axis) {
      planes.col(axis * num_vertices_ + v)
          << model.shapedirs.row(3 * v + axis).head<kNumShapeParams>().transpose(),
          model.posedirs.row(3 * v + axis).transpose();
    }
  }
  v_dirs_ = buffer("v_dirs", planes);
  const RowMatX weights = RowMatX(model.weights).transpose();
  skin_weights_ = buffer("skin_weights", weights);
  mesh_ = std::make_shared<MeshBlocks>(v_mean, planes, weights);
}

SmplOutput SmplLayerImpl::forward(const at::Tensor& rotmats, const at::Tensor& betas,
                                  bool with_vertices) const {
  const int64_t batch = rotmats.size(0);
  GYRE_CHECK(rotmats.dim() == 4 && rotmats.size(1) == kNumBodyJoints);
  GYRE_CHECK(betas.dim() == 2 && betas.size(0) == batch && betas.size(1) == kNumShapeParams);

  const at::Tensor pose_feature =
      (rotmats.narrow(1, 1, kNumBodyJoints - 1) - at::eye(3, rotmats.options()))
          .reshape({batch, kNumPoseFeatures});
  const at::Tensor feature = at::cat({betas, pose_feature}, 1);
  const at::Tensor rest_joints =
      at::addmm(rest_joints_mean_, betas, rest_joints_dirs_).view({batch, kNumBodyJoints, 3});

  // Each joint's offset from its parent; the root's from the origin.
  const at::Tensor root = rest_joints.narrow(1, 0, 1);
  const at::Tensor offsets = at::cat({root, rest_joints.narrow(1, 1, kNumBodyJoints - 1) -
                                                rest_joints.index_select(1, parent_idx_)},
                                     1);
  const at::Tensor world = KinematicChain(at::cat({rotmats, offsets.unsqueeze(3)}, 3), parents_);
  const at::Tensor rotations = world.narrow(3, 0, 3);  // G_k
  SmplOutput out;
  out.joints24 = world.select(3, 3);

  const at::Tensor local = at::addmm(folded_mean_, feature, folded_dirs_).view({batch, -1, 3, 1});
  const at::Tensor pairs = at::matmul(rotations.index_select(1, pair_bone_), local).squeeze(3);
  out.joints49 = at::matmul(pair_sum_, pairs) + at::matmul(bone_weights_, out.joints24);

  if (with_vertices) {
    const at::Tensor shift =
        out.joints24.unsqueeze(3) - at::matmul(rotations, rest_joints.unsqueeze(3));
    const at::Tensor bones = at::cat({rotations, shift}, 3);
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
