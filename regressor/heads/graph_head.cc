// SPDX-License-Identifier: Apache-2.0
#include "regressor/heads/graph_head.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/sparse_coo_tensor.h>
#include <ATen/ops/zeros.h>

#include "core/error.h"
#include "core/so3.h"

namespace gyre {
namespace {

// A copy of `values` as float32.
at::Tensor FloatTensor(const Eigen::Ref<const RowMatX>& values) {
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> copy = values.cast<float>();
  return at::from_blob(copy.data(), {copy.rows(), copy.cols()}, at::kFloat).clone();
}

at::Tensor SparseTensor(const SparseRows& matrix) {
  const auto count = static_cast<int64_t>(matrix.nonZeros());
  at::Tensor places = at::empty({2, count}, at::kLong), values = at::empty({count}, at::kFloat);
  int64_t* const place = places.data_ptr<int64_t>();
  int64_t i = 0;
  for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
    for (SparseRows::InnerIterator it(matrix, row); it; ++it, ++i) {
      place[i] = row;
      place[count + i] = it.col();
      values.data_ptr<float>()[i] = static_cast<float>(it.value());
    }
  }
  return at::sparse_coo_tensor(places, values, {matrix.rows(), matrix.cols()}).coalesce();
}

}  // namespace

GraphHead::GraphHead(const GraphOptions& options, const NetworkSetting& setting,
                     int64_t feature_size)
    : layout_(*setting.body->layout) {
  const BodyModel& body = *setting.body;
  const auto levels = HierarchyOf(body, options.levels);
  const std::vector<int> kept = KeptOfAll(*levels, body.num_vertices());
  const auto num_vertices = static_cast<int>(kept.size());
  const Points3 coarse = body.v_template(kept, Eigen::all);
  template_ = FloatTensor(NormalizedToBox(coarse)).t().contiguous().unsqueeze(0);
  const Faces& faces = levels->empty() ? body.faces : levels->back().faces;
  means_ = SparseTensor(NeighbourMeans(faces, num_vertices, options.walk));
  for (auto level = levels->rbegin(); level != levels->rend(); ++level) {
    const auto count = static_cast<int64_t>(level->upsampling.size());
    Finer finer{at::empty({3 * count}, at::kLong), at::empty({count, 3, 1}, at::kFloat)};
    for (int64_t i = 0; i < 3 * count; ++i) {
      const SurfacePoint& point = level->upsampling[i / 3];
      finer.vertex.data_ptr<int64_t>()[i] = point.vertices[i % 3];
      finer.weights.data_ptr<float>()[i] = static_cast<float>(point.weights[i % 3]);
    }
    finer_.push_back(std::move(finer));
  }
  const MeanParams mean = MeanParams::FromPrior(layout_, setting.prior.get());
  graph_ = register_module("graph", GraphCnn(options, feature_size, num_vertices, mean.cam));
  if (options.body == BodyFromMesh::kLearnt) {
    body_ = register_module("body", MeshReader(options, num_vertices, layout_, mean));
  } else {
    solver_ = std::make_shared<const MeshToBody>(body, kept);
  }
}

template <typename... Where>
void GraphHead::MoveTo(Where... where) {
  Module::to(where...);
  template_ = template_.to(where...);
  means_ = means_.to(where...);
  for (Finer& finer : finer_) finer.weights = finer.weights.to(where...);
  for (Finer& finer : finer_) finer.vertex = finer.vertex.to(template_.device());
}

void GraphHead::to(torch::Device device, torch::Dtype dtype, bool non_blocking) {
  MoveTo(device, dtype, non_blocking);
}
void GraphHead::to(torch::Dtype dtype, bool non_blocking) { MoveTo(dtype, non_blocking); }
void GraphHead::to(torch::Device device, bool non_blocking) { MoveTo(device, non_blocking); }

// [B,C,3] -> [B,V,3].
at::Tensor GraphHead::UpsampleAll(at::Tensor vertices) const {
  for (const Finer& finer : finer_) {
    const at::Tensor corners = vertices.index_select(1, finer.vertex)
                                   .view({vertices.size(0), finer.weights.size(0), 3, 3});
    vertices = (corners * finer.weights).sum(2);
  }
  return vertices;
}

void GraphHead::ReadMesh(const at::Tensor& vertices, Output* output) {
  const at::Tensor in_template = template_.transpose(1, 2).expand(vertices.sizes());
  const auto said = body_->forward(at::cat({vertices.detach(), in_template}, 2).flatten(1));
  output->rotations = said.rotations;
  output->betas = said.shape.narrow(1, 0, layout_.num_betas);
  if (layout_.num_expression > 0) {
    output->expression = said.shape.narrow(1, layout_.num_betas, layout_.num_expression);
  }
}

void GraphHead::SolveMesh(const at::Tensor& vertices, Output* output) const {
  const at::Tensor meshes = vertices.detach().to(at::kCPU, at::kDouble).contiguous();
  const int64_t batch = meshes.size(0), num_joints = layout_.num_joints();
  const auto host = at::TensorOptions(at::kDouble);
  at::Tensor rotations = at::zeros({batch, num_joints, 3, 3}, host);
  at::Tensor shapes = at::zeros({batch, layout_.num_shape()}, host);
  at::Tensor shifts = at::zeros({batch, 3}, host);  // of (s, tx, ty)
  at::parallel_for(0, batch, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Points3 mesh = Eigen::Map<const Points3>(
          meshes.data_ptr<double>() + meshes.stride(0) * i, meshes.size(1), 3);
      BodyParams params(layout_);
      if (mesh.allFinite()) params = solver_->Solve(mesh).params;
      for (int k = 0; k < num_joints; ++k) {
        Eigen::Map<Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(
            rotations.data_ptr<double>() + 9 * (num_joints * i + k)) = ExpSO3(params.rotation(k));
      }
      Eigen::Map<VecX>(shapes.data_ptr<double>() + shapes.size(1) * i, shapes.size(1)) =
          params.shape();
      // The body has no translation but the camera's, whose depth is next to that of the mesh.
      Eigen::Map<Vec3>(shifts.data_ptr<double>() + 3 * i).tail<2>() = params.transl().head<2>();
    }
  });
  const auto there = vertices.options();
  output->rotations = rotations.to(there);
  const at::Tensor shape = shapes.to(there);
  output->betas = shape.narrow(1, 0, layout_.num_betas);
  if (layout_.num_expression > 0) {
    output->expression = shape.narrow(1, layout_.num_betas, layout_.num_expression);
  }
  output->camera = output->camera + shifts.to(there);
}

Output GraphHead::Regress(const Features& features) {
  const auto said = graph_->forward(template_, features.pooled, means_);
  const at::Tensor vertices = said.vertices.transpose(1, 2);
  Output output;
  output.mesh = UpsampleAll(vertices);
  output.mesh_camera = said.camera;
  output.camera = said.camera.detach();
  if (solver_) {
    SolveMesh(vertices, &output);
  } else {
    ReadMesh(vertices, &output);
  }
  return output;
}

std::shared_ptr<Head> MakeGraphHead(const NetworkOptions& options, const NetworkSetting& setting,
                                    int64_t feature_size) {
  if (!setting.body) ThrowUserError("head graphcmr gives meshes of a body; it needs a --body");
  if (setting.body->faces.rows() == 0) {
    ThrowUserError("{} has no faces, which head graphcmr works along; take another --body",
                   setting.body->name);
  }
  return std::make_shared<GraphHead>(options.graph, setting, feature_size);
}

std::vector<NameRule> GraphHeadNames() {
  return {{"encoder.", "graph_cnn.resnet."},
          {"head.graph.", "graph_cnn."},
          {"head.body.", "smpl_param_regressor."}};
}

}  // namespace gyre
