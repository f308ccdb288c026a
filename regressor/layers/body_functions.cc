// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/body_functions.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mul.h>
#include <torch/csrc/autograd/custom_function.h>

#include <Eigen/Core>
#include <algorithm>
#include <functional>

#include "core/error.h"

namespace gyre {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// One sample after another: local, world and their gradients [K,3,4].
template <typename T>
struct Chain {
  using Affine = Eigen::Map<Eigen::Matrix<T, 3, 4, Eigen::RowMajor>>;
  using ConstAffine = Eigen::Map<const Eigen::Matrix<T, 3, 4, Eigen::RowMajor>>;

  static void Forward(const std::vector<int64_t>& parents, const T* local, T* world) {
    Affine{world} = ConstAffine(local);
    for (size_t k = 1; k < parents.size(); ++k) {
      const ConstAffine parent(world + 12 * parents[k]);
      Affine child(world + 12 * k);
      child.noalias() = parent.template leftCols<3>() * ConstAffine(local + 12 * k);
      child.col(3) += parent.col(3);
    }
  }

  // d_world is used up.
  static void Backward(const std::vector<int64_t>& parents, const T* local, const T* world,
                       T* d_world, T* d_local) {
    for (size_t k = parents.size() - 1; k > 0; --k) {
      const ConstAffine parent(world + 12 * parents[k]), d_child(d_world + 12 * k);
      Affine d_parent(d_world + 12 * parents[k]);
      Affine{d_local + 12 * k}.noalias() = parent.template leftCols<3>().transpose() * d_child;
      d_parent.template leftCols<3>() += d_child * ConstAffine(local + 12 * k).transpose();
      d_parent.col(3) += d_child.col(3);
    }
    Affine{d_local} = ConstAffine(d_world);
  }
};

class ChainFunction : public torch::autograd::Function<ChainFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& given,
                            const std::vector<int64_t>& parents) {
    const at::Tensor local = given.to(at::kCPU).contiguous();
    at::Tensor world = at::empty(local.sizes(), local.options());
    AT_DISPATCH_FLOATING_TYPES(local.scalar_type(), "KinematicChain", [&] {
      const int64_t body = 12 * local.size(1);
      for (int64_t offset = 0; offset < local.numel(); offset += body) {
        Chain<scalar_t>::Forward(parents, local.data_ptr<scalar_t>() + offset,
                                 world.data_ptr<scalar_t>() + offset);
      }
    });
    ctx->save_for_backward({local, world});
    ctx->saved_data["parents"] = parents;
    return world.to(given.device());
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &local = saved[0], &world = saved[1];
    const std::vector<int64_t> parents = ctx->saved_data["parents"].toIntVector();
    at::Tensor d_world = at::empty(world.sizes(), world.options());
    d_world.copy_(grads[0]);
    at::Tensor d_local = at::empty(local.sizes(), local.options());
    AT_DISPATCH_FLOATING_TYPES(local.scalar_type(), "KinematicChain", [&] {
      const int64_t body = 12 * local.size(1);
      for (int64_t offset = 0; offset < local.numel(); offset += body) {
        Chain<scalar_t>::Backward(
            parents, local.data_ptr<scalar_t>() + offset, world.data_ptr<scalar_t>() + offset,
            d_world.data_ptr<scalar_t>() + offset, d_local.data_ptr<scalar_t>() + offset);
      }
    });
    return {d_local.to(grads[0].device()), at::Tensor()};
  }
};

class SkinFunction : public torch::autograd::Function<SkinFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& bones, const at::Tensor& v_rest,
                            const at::Tensor& weights) {
    const int64_t batch = bones.size(0), num_bones = bones.size(1);
    const at::Tensor T =
        at::matmul(bones.reshape({batch, num_bones, 12}).transpose(1, 2).contiguous(), weights)
            .view({batch, 3, 4, -1});
    at::Tensor v = T.select(2, 3).clone(at::MemoryFormat::Contiguous);
    for (int64_t j = 0; j < 3; ++j) {
      v.addcmul_(T.select(2, j), v_rest.narrow(1, j, 1));
    }
    ctx->save_for_backward({T, v_rest, weights});
    return v;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &T = saved[0], &v_rest = saved[1], &weights = saved[2];
    const at::Tensor dv = grads[0].contiguous();
    const int64_t batch = dv.size(0);

    at::Tensor d_rest = at::empty(v_rest.sizes(), v_rest.options());
    for (int64_t j = 0; j < 3; ++j) {
      at::Tensor plane = d_rest.select(1, j);
      at::mul_out(plane, T.select(2, j).select(1, 0), dv.select(1, 0));
      for (int64_t i = 1; i < 3; ++i) plane.addcmul_(T.select(2, j).select(1, i), dv.select(1, i));
    }
    at::Tensor d_T = at::empty(T.sizes(), T.options());
    for (int64_t j = 0; j < 3; ++j) {
      at::Tensor column = d_T.select(2, j);
      at::mul_out(column, dv, v_rest.narrow(1, j, 1));
    }
    d_T.select(2, 3).copy_(dv);
    const at::Tensor d_bones = at::matmul(d_T.view({batch, 12, -1}), weights.t());
    return {d_bones.transpose(1, 2).reshape({batch, -1, 3, 4}), d_rest, at::Tensor()};
  }
};

class MeshFunction : public torch::autograd::Function<MeshFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& feature,
                            const at::Tensor& bones,
                            const std::shared_ptr<const MeshBlocks>& mesh) {
    const MeshTable table = mesh->Table();
    const at::Tensor f = feature.contiguous(), a = bones.contiguous();
    at::Tensor rest = at::empty({f.size(0), 3, kMeshBlock * table.num_blocks}, f.options());
    at::Tensor vertices = at::empty_like(rest);
    ForBodies(f.size(0), [&](int64_t begin, int64_t end) {
      PoseMesh(table, begin, end, f.data_ptr<float>(), a.data_ptr<float>(), rest.data_ptr<float>(),
               vertices.data_ptr<float>());
    });
    ctx->save_for_backward({a, rest});
    ctx->saved_data["mesh"] = c10::IValue::make_capsule(c10::make_intrusive<Kept>(mesh));
    return vertices;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &a = saved[0], &rest = saved[1], dv = grads[0].contiguous();
    const auto kept = ctx->saved_data["mesh"].toCapsule();
    const MeshTable table = static_cast<const Kept&>(*kept).mesh->Table();
    at::Tensor d_feature = at::empty({a.size(0), table.num_features}, a.options());
    at::Tensor d_bones = at::empty_like(a);
    ForBodies(a.size(0), [&](int64_t begin, int64_t end) {
      PoseMeshBackward(table, begin, end, a.data_ptr<float>(), rest.data_ptr<float>(),
                       dv.data_ptr<float>(), d_feature.data_ptr<float>(),
                       d_bones.data_ptr<float>());
    });
    return {d_feature, d_bones, at::Tensor()};
  }

 private:
  struct Kept : torch::CustomClassHolder {
    explicit Kept(std::shared_ptr<const MeshBlocks> m) : mesh(std::move(m)) {}
    std::shared_ptr<const MeshBlocks> mesh;
  };

  // The threads share groups of bodies, so that their number changes nothing.
  static void ForBodies(int64_t count, const std::function<void(int64_t, int64_t)>& body) {
    const int64_t groups = (count + kMeshBodies - 1) / kMeshBodies;
    at::parallel_for(0, groups, 1, [&](int64_t begin, int64_t end) {
      body(kMeshBodies * begin, std::min(kMeshBodies * end, count));
    });
  }
};

// The values of block b in each of the planes of a row [planes V]; zero past the last vertex.
std::vector<float> BlockOf(const Eigen::Ref<const Eigen::RowVectorXd>& row, Eigen::Index planes,
                           int64_t b) {
  const Eigen::Index num_vertices = row.size() / planes, first = kMeshBlock * b;
  std::vector<float> block(planes * kMeshBlock, 0);
  for (Eigen::Index plane = 0; plane < planes; ++plane) {
    for (Eigen::Index v = first; v < std::min(first + kMeshBlock, num_vertices); ++v) {
      block[plane * kMeshBlock + v - first] = static_cast<float>(row[plane * num_vertices + v]);
    }
  }
  return block;
}

// What is not all zero of the rows in block b goes to the end of `entries` and `rows`.
void AppendBlock(const RowMatX& m, Eigen::Index planes, int64_t b, std::vector<float>* entries,
                 std::vector<int32_t>* rows, std::vector<int32_t>* begin) {
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    const std::vector<float> block = BlockOf(m.row(i), planes, b);
    if (std::ranges::all_of(block, [](float v) { return v == 0; })) continue;
    entries->insert(entries->end(), block.begin(), block.end());
    rows->push_back(static_cast<int32_t>(i));
  }
  begin->push_back(static_cast<int32_t>(rows->size()));
}

}  // namespace

MeshBlocks::MeshBlocks(const RowMatX& mean_planes, const RowMatX& dirs_planes,
                       const RowMatX& skin_weights)
    : num_features(static_cast<int>(dirs_planes.rows())),
      num_bones(static_cast<int>(skin_weights.rows())),
      dirs_begin{0},
      weights_begin{0} {
  GYRE_CHECK(num_features <= kMaxMeshFeatures && num_bones <= kMaxMeshBones);
  for (int64_t b = 0; b * kMeshBlock < skin_weights.cols(); ++b) {
    const std::vector<float> block = BlockOf(mean_planes.row(0), 3, b);
    mean.insert(mean.end(), block.begin(), block.end());
    AppendBlock(dirs_planes, 3, b, &dirs, &dirs_feature, &dirs_begin);
    AppendBlock(skin_weights, 1, b, &weights, &weights_bone, &weights_begin);
  }
}

MeshTable MeshBlocks::Table() const {
  return {.num_blocks = static_cast<int>(dirs_begin.size()) - 1,
          .num_features = num_features,
          .num_bones = num_bones,
          .mean = mean.data(),
          .dirs_begin = dirs_begin.data(),
          .dirs_feature = dirs_feature.data(),
          .dirs = dirs.data(),
          .weights_begin = weights_begin.data(),
          .weights_bone = weights_bone.data(),
          .weights = weights.data()};
}

bool HasMeshKernels(const at::Tensor& feature) {
#ifdef __x86_64__
  static const bool built_for = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  constexpr bool built_for = true;
#endif
  return built_for && feature.is_cpu() && feature.scalar_type() == at::kFloat;
}

at::Tensor PosedMesh(const at::Tensor& feature, const at::Tensor& bones,
                     const std::shared_ptr<const MeshBlocks>& mesh) {
  GYRE_CHECK(feature.size(1) == mesh->num_features && bones.size(1) == mesh->num_bones);
  return MeshFunction::apply(feature, bones, mesh);
}

at::Tensor KinematicChain(const at::Tensor& local, const std::vector<int64_t>& parents) {
  GYRE_CHECK(local.dim() == 4 && local.size(1) == static_cast<int64_t>(parents.size()));
  return ChainFunction::apply(local, parents);
}

at::Tensor Skin(const at::Tensor& bones, const at::Tensor& v_rest, const at::Tensor& weights) {
  GYRE_CHECK(bones.size(1) == weights.size(0) && v_rest.size(2) == weights.size(1));
  return SkinFunction::apply(bones, v_rest, weights);
}

}  // namespace gyre
