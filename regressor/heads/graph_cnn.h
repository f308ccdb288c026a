// SPDX-License-Identifier: Apache-2.0
// The two networks of GraphCMR (Kolotouros et al. 2019), names of parameters those of its own code.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "body/body_layout.h"
#include "regressor/batch_norm.h"
#include "regressor/graph_options.h"
#include "regressor/heads/mean_params.h"
#include "regressor/layers/graph.h"

namespace gyre {

// A mesh of an image's feature: every vertex of the coarse template is given its own place there
// and that feature,
//   x = gc(template, feature),  mesh = shape(x),  camera = camera_fc(x)
// where gc is linear(2 C), block(C), `layers` blocks of C channels; shape block(64), block(32),
// group norm, ReLU, linear(3); camera_fc group norm, ReLU, linear(1), ReLU and a layer over all
// vertices. On 1723 vertices and a feature of 2048 it has 2,083,640 parameters.
class GraphCnnImpl : public torch::nn::Module {
 public:
  GraphCnnImpl(const GraphOptions& options, int64_t feature_size, int64_t num_vertices,
               const Vec3& mean_camera);

  struct Mesh {
    at::Tensor vertices;  // [B,3,V]
    at::Tensor camera;    // [B,3]
  };
  // `vertices` [1,3,V] of the template, feature [B,F], `means` over neighbourhoods [V,V], sparse.
  Mesh forward(const at::Tensor& vertices, const at::Tensor& feature, const at::Tensor& means);

 private:
  GraphLinear enter_{nullptr}, to_space_{nullptr}, to_one_{nullptr};
  std::vector<GraphBlock> blocks_, shape_blocks_;
  torch::nn::GroupNorm shape_norm_{nullptr}, camera_norm_{nullptr};
  torch::nn::Linear to_camera_{nullptr};
};
TORCH_MODULE(GraphCnn);

// Dense layers: relu(norm(linear x)), and relu(x + norm1(linear1 relu(norm0(linear0 x)))).
class FcBlockImpl : public torch::nn::Module {
 public:
  FcBlockImpl(int64_t in, int64_t out);
  at::Tensor forward(const at::Tensor& x);

 private:
  torch::nn::Linear linear_{nullptr};
  BatchNorm norm_{nullptr};
};
TORCH_MODULE(FcBlock);

class FcResidualBlockImpl : public torch::nn::Module {
 public:
  explicit FcResidualBlockImpl(int64_t width);
  at::Tensor forward(const at::Tensor& x);

 private:
  torch::nn::Linear linear0_{nullptr}, linear1_{nullptr};
  BatchNorm norm0_{nullptr}, norm1_{nullptr};
};
TORCH_MODULE(FcResidualBlock);

// A body of the mesh: [B,6V] (place said and place in the template of each vertex) -> matrices that
// are to become rotations and shape, by dense layers. On 1723 vertices and SMPL's layout it has
// 15,027,426 parameters.
class MeshReaderImpl : public torch::nn::Module {
 public:
  MeshReaderImpl(const GraphOptions& options, int64_t num_vertices, const BodyLayout& layout,
                 const MeanParams& mean);

  struct Body {
    at::Tensor rotations;  // [B,J,3,3]
    at::Tensor shape;      // [B,S], betas before the expression
  };
  Body forward(const at::Tensor& vertices);

 private:
  RotationRule rule_;
  int64_t num_joints_, num_shape_;
  FcBlock enter_{nullptr};
  std::vector<FcResidualBlock> blocks_;
  torch::nn::Linear leave_{nullptr};
};
TORCH_MODULE(MeshReader);

}  // namespace gyre
