// SPDX-License-Identifier: Apache-2.0
#include "regressor/layers/blaze_pose.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu6.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <string>

#include "core/error.h"

namespace gyre {
namespace {

using torch::nn::Conv2d;

constexpr int kStemChannels = 24;
constexpr int kNumbersPerPoint = 5;  // x, y, z, visibility, presence
constexpr double kHeatReach = 3;     // cells to each side
constexpr double kMinHeat = 0.5;

Conv2d Convolution(int64_t in, int64_t out, int64_t kernel = 1, int64_t stride = 1) {
  return Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2));
}
Conv2d Depthwise(int64_t channels, int64_t kernel, int64_t stride, int64_t padding) {
  return Conv2d(torch::nn::Conv2dOptions(channels, channels, kernel)
                    .stride(stride)
                    .padding(padding)
                    .groups(channels));
}

// A convolution of each channel by itself, and one of all channels at each place.
class SeparableImpl : public torch::nn::Module {
 public:
  SeparableImpl(int64_t in, int64_t out, int64_t kernel = 3, int64_t stride = 1)
      : SeparableImpl(in, out, kernel, stride, kernel / 2) {}
  SeparableImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t padding)
      : depthwise(register_module("depthwise", Depthwise(in, kernel, stride, padding))),
        pointwise(register_module("pointwise", Convolution(in, out))) {}

  at::Tensor forward(const at::Tensor& x) { return pointwise(at::relu6(depthwise(x))); }
  void List(std::vector<Conv2d>* order) const {
    order->insert(order->end(), {depthwise, pointwise});
  }

 private:
  Conv2d depthwise, pointwise;
};
TORCH_MODULE(Separable);

// Sandler et al., MobileNetV2, 2018.
class InvertedResidualImpl : public torch::nn::Module {
 public:
  InvertedResidualImpl(int64_t in, int64_t out, int64_t grow, int64_t kernel, int64_t stride)
      : expand(register_module("expand", Convolution(in, grow * in))),
        shrink(register_module("shrink", Separable(grow * in, out, kernel, stride))),
        skips_(in == out && stride == 1) {}

  at::Tensor forward(const at::Tensor& x) {
    const at::Tensor made = shrink(at::relu6(expand(x)));
    return skips_ ? x + made : made;
  }

  Conv2d expand;
  Separable shrink;

 private:
  bool skips_;
};
TORCH_MODULE(InvertedResidual);

// x + F(x), or both at half the size.
class BranchBlockImpl : public torch::nn::Module {
 public:
  BranchBlockImpl(int64_t channels, bool halves)
      : residual(register_module("residual", halves ? Separable(channels, channels, 3, 2, 0)
                                                    : Separable(channels, channels))),
        halves_(halves) {}

  at::Tensor forward(const at::Tensor& x) {
    if (!halves_) return at::relu6(x + residual(x));
    // A line and a column behind, none before.
    const at::Tensor padded = at::constant_pad_nd(x, {0, 1, 0, 1});
    return at::relu6(at::max_pool2d(x, 2) + residual(padded));
  }

  Separable residual;

 private:
  bool halves_;
};
TORCH_MODULE(BranchBlock);

at::Tensor TwiceAsLarge(const at::Tensor& x) {
  return at::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, /*align_corners=*/false);
}

// A stage of the trunk: the blocks' channels come from the table of sizes.
struct StageBlock {
  int from, to;  // positions in BlazePoseSizes::channels
  int kernel, stride;
};
const std::vector<std::vector<StageBlock>> kStages = {
    {{0, 1, 3, 2}, {1, 1, 3, 1}},
    {{1, 2, 5, 2}, {2, 2, 5, 1}},
    {{2, 3, 3, 2}, {3, 3, 3, 1}, {3, 3, 3, 1}, {3, 4, 5, 1}, {4, 4, 5, 1}, {4, 4, 5, 1}},
    {{4, 5, 5, 2}, {5, 5, 5, 1}, {5, 5, 5, 1}, {5, 5, 5, 1}}};

// What a released file's outputs are computed from, in its order: kernel and bias of each
// convolution. Masks are what has as many cells as the picture.
struct FileConvolution {
  int kernel, bias;
  bool depthwise;
};
std::vector<FileConvolution> ConvolutionsOf(const TfliteModel& model) {
  std::vector<uint8_t> needed(model.tensors.size(), 0);
  for (const int output : model.outputs) {
    const std::vector<int>& shape = model.tensors[output].shape;
    needed[output] = shape.size() != 4 || shape[1] != BlazePoseImpl::kInputPx;
  }
  std::vector<FileConvolution> found;
  for (auto op = model.operators.rbegin(); op != model.operators.rend(); ++op) {
    if (!needed[op->outputs[0]]) continue;
    for (const int input : op->inputs) needed[input] = 1;
    const bool depthwise = op->op == TfliteOp::kDepthwiseConv2d;
    if (!depthwise && op->op != TfliteOp::kConv2d) continue;
    if (op->inputs.size() != 3) ThrowUserError("{}: a convolution has no bias", model.what);
    found.push_back({op->inputs[1], op->inputs[2], depthwise});
  }
  std::ranges::reverse(found);
  return found;
}

// A constant, or what is written out of one.
at::Tensor ReadConstant(const TfliteModel& model, int tensor) {
  for (auto op = model.operators.rbegin(); op != model.operators.rend(); ++op) {
    const bool written = op->op == TfliteOp::kDequantize || op->op == TfliteOp::kDensify;
    if (written && op->outputs[0] == tensor) tensor = op->inputs[0];
  }
  std::vector<float> numbers = TfliteFloats(model, tensor);
  const std::vector<int>& shape = model.tensors[tensor].shape;
  const at::Tensor flat = at::from_blob(numbers.data(), std::ssize(numbers), at::kFloat);
  return flat.reshape(std::vector<int64_t>(shape.begin(), shape.end())).clone();
}

}  // namespace

struct BlazePoseImpl::Parts {
  Conv2d stem{nullptr}, top_expand{nullptr}, top{nullptr}, heat{nullptr}, points{nullptr},
      world{nullptr}, presence{nullptr};
  Separable enter{nullptr}, branch_enter{nullptr};
  std::vector<std::vector<InvertedResidual>> stages;
  std::vector<Separable> laterals;  // of the stages, and of the top
  std::vector<BranchBlock> branch;

  // As they come in released files, where the first layer of a stage stands before the lateral of
  // the stage before.
  std::vector<Conv2d> InFileOrder() const {
    std::vector<Conv2d> order = {stem};
    enter->List(&order);
    for (size_t s = 0; s < stages.size(); ++s) {
      for (size_t i = 0; i < stages[s].size(); ++i) {
        order.push_back(stages[s][i]->expand);
        if (i == 0 && s > 0) laterals[s - 1]->List(&order);
        stages[s][i]->shrink->List(&order);
      }
    }
    order.insert(order.end(), {top_expand, top});
    laterals.back()->List(&order);
    order.push_back(heat);
    branch_enter->List(&order);
    for (const BranchBlock& block : branch) block->residual->List(&order);
    order.insert(order.end(), {points, world, presence});
    return order;
  }
};

BlazePoseImpl::BlazePoseImpl(const BlazePoseSizes& sizes) : parts_(std::make_shared<Parts>()) {
  Parts& p = *parts_;
  const auto& channels = sizes.channels;
  p.stem = register_module("stem", Convolution(3, kStemChannels, 3, 2));
  p.enter = register_module("enter", Separable(kStemChannels, channels[0]));
  for (size_t s = 0; s < kStages.size(); ++s) {
    p.stages.emplace_back();
    for (size_t i = 0; i < kStages[s].size(); ++i) {
      const StageBlock& block = kStages[s][i];
      p.stages[s].push_back(
          register_module("stage" + std::to_string(s + 1) + "_" + std::to_string(i),
                          InvertedResidual(channels[block.from], channels[block.to],
                                           block.from == 0 ? 4 : 6, block.kernel, block.stride)));
    }
  }
  const int64_t wide = 6 * channels[5];
  p.top_expand = register_module("top_expand", Convolution(channels[5], wide));
  p.top = register_module("top", Depthwise(wide, 3, 1, 1));
  for (const int64_t from :
       {int64_t{channels[1]}, int64_t{channels[2]}, int64_t{channels[4]}, wide}) {
    p.laterals.push_back(register_module("lateral" + std::to_string(p.laterals.size() + 1),
                                         Separable(from, sizes.lateral)));
  }
  p.heat = register_module("heat", Convolution(sizes.lateral, kNumPoints));
  p.branch_enter = register_module("branch", Separable(wide, sizes.branch));
  for (const int blocks : sizes.branch_blocks) {
    for (int i = 0; i <= blocks; ++i) {
      p.branch.push_back(register_module("branch" + std::to_string(p.branch.size()),
                                         BranchBlock(sizes.branch, /*halves=*/i == 0)));
    }
  }
  const auto numbers = [&](int64_t count) {
    return Conv2d(torch::nn::Conv2dOptions(sizes.branch, count, 2));
  };
  p.points = register_module("points", numbers(kNumPoints * kNumbersPerPoint));
  p.world = register_module("world", numbers(3 * kNumPoints));
  p.presence = register_module("presence", numbers(1));
}

BlazePoseImpl::Said BlazePoseImpl::forward(const at::Tensor& image) {
  GYRE_CHECK(image.dim() == 4 && image.size(2) == kInputPx && image.size(3) == kInputPx);
  Parts& p = *parts_;
  at::Tensor x = p.enter(at::relu6(p.stem(image)));
  std::vector<at::Tensor> stages;
  for (auto& stage : p.stages) {
    for (InvertedResidual& block : stage) x = block(x);
    stages.push_back(x);
  }
  x = at::relu6(p.top(at::relu6(p.top_expand(x))));
  at::Tensor up = at::relu6(p.laterals[3](x));
  for (int i = 2; i >= 0; --i) up = TwiceAsLarge(up) + at::relu6(p.laterals[i](stages[i]));
  x = at::relu6(p.branch_enter(x));
  for (BranchBlock& block : p.branch) x = block(x);

  const at::Tensor points = p.points(x).reshape({-1, kNumPoints, kNumbersPerPoint});
  const at::Tensor places = points.narrow(2, 0, 2) * (2.0 / kInputPx) - 1;
  return {.map = x,
          .places = RefinedByHeat(places, p.heat(up)),
          .visibility = points.select(2, 3).sigmoid(),
          .world_m = p.world(x).reshape({-1, kNumPoints, 3}),
          .presence = p.presence(x).flatten().sigmoid()};
}

void BlazePoseImpl::Load(const TfliteModel& model) {
  const std::vector<FileConvolution> in_file = ConvolutionsOf(model);
  std::vector<Conv2d> order = parts_->InFileOrder();
  std::vector<std::pair<at::Tensor, at::Tensor>> values;
  bool fits = in_file.size() == order.size();
  for (size_t i = 0; fits && i < order.size(); ++i) {
    const bool depthwise = in_file[i].depthwise;
    const at::Tensor kernel = ReadConstant(model, in_file[i].kernel);
    // [O,H,W,I] or [1,H,W,C].
    fits = kernel.dim() == 4;
    if (!fits) break;
    values.emplace_back(depthwise ? kernel.permute({3, 0, 1, 2}) : kernel.permute({0, 3, 1, 2}),
                        ReadConstant(model, in_file[i].bias));
    fits = values[i].first.sizes() == order[i]->weight.sizes() &&
           values[i].second.sizes() == order[i]->bias.sizes();
  }
  if (!fits) {
    ThrowUserError(
        "{} is another network than BlazePose of the size that was asked for; run "
        "tools/get_detector",
        model.what);
  }
  for (const auto& [kernel, bias] : values) {
    if (kernel.isfinite().all().item<bool>() && bias.isfinite().all().item<bool>()) continue;
    ThrowUserError("{} is damaged: it holds numbers that are not finite; run tools/get_detector",
                   model.what);
  }
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < order.size(); ++i) {
    order[i]->weight.copy_(values[i].first);
    order[i]->bias.copy_(values[i].second);
  }
}

at::Tensor RefinedByHeat(const at::Tensor& places, const at::Tensor& heat) {
  const int64_t side = heat.size(3);
  const at::Tensor cells = at::arange(side, heat.options());
  const at::Tensor at_cell = ((places.detach() + 1) * (side / 2.0)).floor();   // [B,N,2]
  const at::Tensor near = (cells - at_cell.unsqueeze(3)).abs() <= kHeatReach;  // [B,N,2,S]
  const at::Tensor window = near.select(2, 1).unsqueeze(3) & near.select(2, 0).unsqueeze(2);
  const at::Tensor warm = heat.sigmoid() * window;  // [B,N,S,S], rows first
  const at::Tensor sum = warm.sum({2, 3}).clamp_min(1e-12);
  const at::Tensor x = (warm.sum(2) * cells).sum(2) / sum, y = (warm.sum(3) * cells).sum(2) / sum;
  const at::Tensor inside = ((at_cell >= 0) & (at_cell < side)).all(2);
  const at::Tensor sure = inside & (warm.amax({2, 3}) >= kMinHeat);
  return at::where(sure.unsqueeze(2), at::stack({x, y}, 2) * (2.0 / side) - 1, places);
}

}  // namespace gyre
