// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/soft_rasteriser.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"

namespace gyre {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class CoverageFunction : public torch::autograd::Function<CoverageFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& pixels, const at::Tensor& depth,
                            const std::shared_ptr<const CoverageMesh>& mesh,
                            const CoverageOptions& options) {
    const at::Tensor px = pixels.to(at::kCPU, at::kDouble).contiguous(),
                     z = depth.to(at::kCPU, at::kDouble).contiguous();
    const int64_t batch = px.size(0), size = options.size_px;
    at::Tensor maps = at::empty({batch, mesh->num_classes, size, size}, px.options());
    at::Tensor notes = at::empty({batch, MeshCoverage::NotePlanes(*mesh), size, size}, at::kByte);
    ForBodies(batch, *mesh, options, [&](MeshCoverage& coverage, int64_t i) {
      coverage.Forward(SeenAt(px, z, i), maps[i].data_ptr<double>(), notes[i].data_ptr<uint8_t>());
    });
    ctx->save_for_backward({px, z, maps, notes});
    ctx->saved_data["kept"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(mesh, options));
    return maps.to(pixels.options());
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &px = saved[0], &z = saved[1], &maps = saved[2], &notes = saved[3];
    const auto capsule = ctx->saved_data["kept"].toCapsule();
    const auto& kept = static_cast<const Kept&>(*capsule);
    const at::Tensor d_maps = grads[0].to(at::kCPU, at::kDouble).contiguous();
    at::Tensor d_px = at::zeros(px.sizes(), px.options());
    ForBodies(px.size(0), *kept.mesh, kept.options, [&](MeshCoverage& coverage, int64_t i) {
      coverage.Backward(SeenAt(px, z, i), maps[i].data_ptr<double>(), notes[i].data_ptr<uint8_t>(),
                        d_maps[i].data_ptr<double>(), d_px[i].data_ptr<double>());
    });
    return {d_px.to(grads[0].options()), at::Tensor(), at::Tensor(), at::Tensor()};
  }

 private:
  struct Kept : torch::CustomClassHolder {
    Kept(std::shared_ptr<const CoverageMesh> m, const CoverageOptions& o)
        : mesh(std::move(m)), options(o) {}
    std::shared_ptr<const CoverageMesh> mesh;
    CoverageOptions options;
  };

  static ProjectedMesh SeenAt(const at::Tensor& px, const at::Tensor& z, int64_t i) {
    return {px.data_ptr<double>() + px.size(1) * 2 * i, z.data_ptr<double>() + z.size(1) * i};
  }

  template <typename Work>
  static void ForBodies(int64_t count, const CoverageMesh& mesh, const CoverageOptions& options,
                        Work&& work) {
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      MeshCoverage coverage(mesh, options);
      for (int64_t i = begin; i < end; ++i) work(coverage, i);
    });
  }
};

}  // namespace

SoftRasteriser::SoftRasteriser(const Faces& faces, int64_t num_vertices,
                               std::vector<uint8_t> class_of_face)
    : mesh_(std::make_shared<CoverageMesh>(faces, num_vertices, std::move(class_of_face))) {}

at::Tensor SoftRasteriser::forward(const at::Tensor& vertices, const MeshCameras& cameras,
                                   const CoverageOptions& options) const {
  GYRE_CHECK(vertices.dim() == 3 && vertices.size(1) == mesh_->num_vertices &&
             vertices.size(2) == 3);
  const at::Tensor in_camera = vertices + cameras.translation.unsqueeze(1);
  const at::Tensor drawn =
      (in_camera.isfinite().all(2) * (in_camera.select(2, 2) >= options.near_m)).unsqueeze(2);
  // What is not drawn has no gradient, and may not get one that is none by a division.
  const at::Tensor safe = at::where(drawn, in_camera, 1);
  const at::Tensor depth = at::where(drawn, in_camera, 0).select(2, 2);
  const at::Tensor pixels =
      cameras.focal_px.view({-1, 1, 1}) * safe.narrow(2, 0, 2) / safe.narrow(2, 2, 1) +
      cameras.center_px.unsqueeze(1);
  return CoverageFunction::apply(pixels, depth.detach(), mesh_, options);
}

}  // namespace gyre
