// SPDX-License-Identifier: Apache-2.0
// The head of GraphCMR (Kolotouros et al. 2019): a mesh by graph convolutions on a coarse version
// of the body's own template (body/mesh_hierarchy.h), brought up to all of its vertices; and a body
// that is made of the mesh, by a network or by a solver. Says `mesh` and `mesh_camera`, and of the
// body rotations, betas, expression where there is one, and camera. As in the paper the body learns
// by itself: neither mesh nor camera change for its sake. Nothing is learnt through the solver.
#pragma once

#include <memory>
#include <vector>

#include "body/mesh_hierarchy.h"
#include "body/mesh_to_body.h"
#include "regressor/heads/graph_cnn.h"
#include "regressor/heads/head.h"

namespace gyre {

class GraphHead : public Head {
 public:
  GraphHead(const GraphOptions& options, const NetworkSetting& setting, int64_t feature_size);

  Output Regress(const Features& features) override;

  // The graph's tensors are no parameters, and follow.
  void to(torch::Device device, torch::Dtype dtype, bool non_blocking = false) override;
  void to(torch::Dtype dtype, bool non_blocking = false) override;
  void to(torch::Device device, bool non_blocking = false) override;

 private:
  // A step towards all vertices: finer vertex i is the sum over k of weights[i,k] vertex[i,k].
  struct Finer {
    at::Tensor vertex;   // [3V]
    at::Tensor weights;  // [V,3,1]
  };

  at::Tensor UpsampleAll(at::Tensor vertices) const;
  void ReadMesh(const at::Tensor& vertices, Output* output);
  void SolveMesh(const at::Tensor& vertices, Output* output) const;
  template <typename... Where>
  void MoveTo(Where... where);

  BodyLayout layout_;
  at::Tensor template_, means_;  // [1,3,V], [V,V]
  std::vector<Finer> finer_;     // from the coarsest up
  GraphCnn graph_{nullptr};
  MeshReader body_{nullptr};  // empty where the solver has its place
  std::shared_ptr<const MeshToBody> solver_;
};

// UserError without a body.
std::shared_ptr<Head> MakeGraphHead(const NetworkOptions& options, const NetworkSetting& setting,
                                    int64_t feature_size);

// Those of GraphCMR's own files.
std::vector<NameRule> GraphHeadNames();

}  // namespace gyre
