// SPDX-License-Identifier: Apache-2.0
#include "regressor/smpl_functions.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mul.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"

namespace gyre {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A run [begin, end) of joints whose parents all come before it.
struct Run {
  int64_t begin, count;
  at::Tensor parents;  // [count] on the device
};

std::vector<Run> RunsOf(const std::vector<int64_t>& parents, const at::Tensor& like) {
  std::vector<Run> runs;
  const int64_t size = static_cast<int64_t>(parents.size());
  for (int64_t begin = 1, end = 1; begin < size; begin = end) {
    while (end < size && parents[end] < begin) ++end;
    at::Tensor idx = at::empty({end - begin}, at::kLong);
    std::copy(parents.begin() + begin, parents.begin() + end, idx.data_ptr<int64_t>());
    runs.push_back({begin, end - begin, idx.to(like.device())});
  }
  return runs;
}

class ChainFunction : public torch::autograd::Function<ChainFunction> {
 public:
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& local,
                            const std::vector<int64_t>& parents) {
    at::Tensor world = at::empty(local.sizes(), local.options());
    world.select(1, 0).copy_(local.select(1, 0));
    for (const Run& run : RunsOf(parents, local)) {
      const at::Tensor parent = world.index_select(1, run.parents);
      at::Tensor product =
          at::matmul(parent.narrow(3, 0, 3), local.narrow(1, run.begin, run.count));
      product.select(3, 3).add_(parent.select(3, 3));
      world.narrow(1, run.begin, run.count).copy_(product);
    }
    ctx->save_for_backward({local, world});
    ctx->saved_data["parents"] = parents;
    return world;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &local = saved[0], &world = saved[1];
    at::Tensor d_world = grads[0].clone(at::MemoryFormat::Contiguous);
    at::Tensor d_local = at::empty(local.sizes(), local.options());
    std::vector<Run> runs = RunsOf(ctx->saved_data["parents"].toIntVector(), local);
    for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
      const at::Tensor parent = world.index_select(1, run->parents);
      const at::Tensor d_child = d_world.narrow(1, run->begin, run->count);
      d_local.narrow(1, run->begin, run->count)
          .copy_(at::matmul(parent.narrow(3, 0, 3).transpose(2, 3), d_child));
      at::Tensor d_parent = at::empty(parent.sizes(), parent.options());
      d_parent.narrow(3, 0, 3).copy_(
          at::matmul(d_child, local.narrow(1, run->begin, run->count).transpose(2, 3)));
      d_parent.select(3, 3).copy_(d_child.select(3, 3));
      d_world.index_add_(1, run->parents, d_parent);
    }
    d_local.select(1, 0).copy_(d_world.select(1, 0));
    return {d_local, at::Tensor()};
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

}  // namespace

at::Tensor KinematicChain(const at::Tensor& local, const std::vector<int64_t>& parents) {
  GYRE_CHECK(local.dim() == 4 && local.size(1) == static_cast<int64_t>(parents.size()));
  return ChainFunction::apply(local, parents);
}

at::Tensor Skin(const at::Tensor& bones, const at::Tensor& v_rest, const at::Tensor& weights) {
  GYRE_CHECK(bones.size(1) == weights.size(0) && v_rest.size(2) == weights.size(1));
  return SkinFunction::apply(bones, v_rest, weights);
}

}  // namespace gyre
