// SPDX-License-Identifier: Apache-2.0
#include "regressor/tflite_network.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "core/error.h"

namespace gyre {
namespace {

constexpr int kMaxWindow = 64;

// A tensor of four axes is [B,H,W,C] in the file and [B,C,H,W] here.
constexpr std::array<int64_t, 4> kMapFromFile = {0, 3, 1, 2}, kFileFromMap = {0, 2, 3, 1};

std::vector<int64_t> ShapeHere(const std::vector<int>& in_file, int64_t batch) {
  std::vector<int64_t> shape(in_file.begin(), in_file.end());
  if (shape.size() == 4) shape = {shape[0], shape[3], shape[1], shape[2]};
  if (!shape.empty()) shape[0] = batch;
  return shape;
}

at::Tensor Activated(TfliteActivation activation, at::Tensor x) {
  if (activation == TfliteActivation::kRelu) return at::relu(x);
  if (activation == TfliteActivation::kRelu6) return at::clamp(x, 0, 6);
  return x;
}

// What SAME adds to an axis: the larger half behind it.
struct Margin {
  int64_t before = 0, after = 0;
};
Margin SameMargin(int64_t length, int window, int stride, int dilation) {
  const int64_t steps = (length + stride - 1) / stride;
  const int64_t total =
      std::max<int64_t>(0, (steps - 1) * stride + (window - 1) * dilation + 1 - length);
  return {total / 2, total - total / 2};
}

// The input with what padding asks for, filled with `value`.
at::Tensor Padded(const TfliteOperator& op, const at::Tensor& input, std::array<int, 2> window,
                  double value) {
  if (op.padding == TflitePadding::kValid) return input;
  const Margin y = SameMargin(input.size(2), window[0], op.stride[0], op.dilation[0]);
  const Margin x = SameMargin(input.size(3), window[1], op.stride[1], op.dilation[1]);
  if (y.after == 0 && x.after == 0) return input;
  return at::constant_pad_nd(input, {x.before, x.after, y.before, y.after}, value);
}

bool IsConvolution(TfliteOp op) {
  return op == TfliteOp::kConv2d || op == TfliteOp::kDepthwiseConv2d;
}

// Block by block of channels, the block's rows first.
at::Tensor DepthToSpace(const at::Tensor& input, int64_t block) {
  const int64_t b = input.size(0), c = input.size(1), h = input.size(2), w = input.size(3);
  return input.reshape({b, block, block, c / (block * block), h, w})
      .permute({0, 3, 4, 1, 5, 2})
      .reshape({b, c / (block * block), h * block, w * block});
}

}  // namespace

TfliteNetworkImpl::TfliteNetworkImpl(TfliteModel model) : model_(std::move(model)) {
  if (model_.inputs.size() != 1 || InputShape().size() != 4 || model_.outputs.empty()) {
    ThrowUserError("{} takes {} inputs and has {} outputs; expected is a network of one picture",
                   model_.what, model_.inputs.size(), model_.outputs.size());
  }
  source_.assign(model_.tensors.size(), -1);
  for (size_t i = 0; i < model_.tensors.size(); ++i) {
    if (!model_.tensors[i].data.empty()) source_[i] = static_cast<int>(i);
  }
  for (const TfliteOperator& op : model_.operators) {
    // What is made of a constant alone and changes how it is stored is that constant.
    if (op.op == TfliteOp::kDequantize || op.op == TfliteOp::kDensify) {
      source_[op.outputs[0]] = source_[op.inputs[0]];
      if (source_[op.inputs[0]] < 0) {
        ThrowUserError("{}: '{}' is computed with numbers of few bits; use the network of float16",
                       model_.what, model_.tensors[op.outputs[0]].name);
      }
      continue;
    }
    Check(op);
    AddConstants(op);
  }
}

void TfliteNetworkImpl::Check(const TfliteOperator& op) const {
  const auto refuse = [&] {
    ThrowUserError("{}: operator {} cannot make '{}' of its {} inputs; this network cannot be used",
                   model_.what, static_cast<int>(op.op), model_.tensors[op.outputs[0]].name,
                   op.inputs.size());
  };
  const auto axes = [&](int tensor) { return model_.tensors[tensor].shape.size(); };
  const auto is_constant = [&](size_t i) { return source_[op.inputs[i]] >= 0; };
  const bool of_maps = IsConvolution(op.op) || op.op == TfliteOp::kMaxPool2d ||
                       op.op == TfliteOp::kDepthToSpace || op.op == TfliteOp::kPad ||
                       op.op == TfliteOp::kResizeBilinear;
  if (of_maps && (axes(op.inputs[0]) != 4 || axes(op.outputs[0]) != 4)) refuse();
  if (source_[op.outputs[0]] >= 0) refuse();
  if (IsConvolution(op.op)) {
    if (op.inputs.size() < 2 || op.inputs.size() > 3) refuse();
    if (!is_constant(1) || axes(op.inputs[1]) != 4) refuse();
    if (op.inputs.size() == 3 && (!is_constant(2) || axes(op.inputs[2]) != 1)) refuse();
    const std::vector<int>& weight = model_.tensors[op.inputs[1]].shape;
    if (weight[1] > kMaxWindow || weight[2] > kMaxWindow) refuse();
  } else if (op.op == TfliteOp::kAdd) {
    if (op.inputs.size() != 2) refuse();
  } else if (op.op == TfliteOp::kPad) {
    if (op.inputs.size() != 2 || !is_constant(1)) refuse();
    const std::vector<int> margins = TfliteInts(model_, source_[op.inputs[1]]);
    const std::vector<int>&in = model_.tensors[op.inputs[0]].shape,
          &out = model_.tensors[op.outputs[0]].shape;
    if (margins.size() != 8 || margins[0] != 0 || margins[1] != 0) refuse();
    for (size_t axis = 0; axis < 4; ++axis) {
      const int64_t before = margins[2 * axis], after = margins[2 * axis + 1];
      if (before < 0 || after < 0 || in[axis] + before + after != out[axis]) refuse();
    }
  } else if (op.op == TfliteOp::kDepthToSpace) {
    if (model_.tensors[op.inputs[0]].shape[3] % (op.block * op.block) != 0) refuse();
  } else if (op.op == TfliteOp::kConcatenation) {
    const int num_axes = static_cast<int>(axes(op.outputs[0]));
    if (op.axis < 1 - num_axes || op.axis == 0 || op.axis >= num_axes) refuse();
    for (const int input : op.inputs) {
      if (static_cast<int>(axes(input)) != num_axes) refuse();
    }
  }
}

void TfliteNetworkImpl::AddConstant(int tensor, at::IntArrayRef order) {
  const int source = source_[tensor];
  if (constants_.contains(source)) return;
  std::vector<float> values = TfliteFloats(model_, source);
  const std::vector<int>& shape = model_.tensors[source].shape;
  at::Tensor constant =
      at::from_blob(values.data(), std::vector<int64_t>(shape.begin(), shape.end()), at::kFloat);
  if (!order.empty()) constant = constant.permute(order);
  constant = constant.clone(at::MemoryFormat::Contiguous);
  constants_[source] =
      register_parameter("tensor_" + std::to_string(source), constant, /*requires_grad=*/false);
}

void TfliteNetworkImpl::AddConstants(const TfliteOperator& op) {
  if (IsConvolution(op.op)) {
    // [O,H,W,I]; of one filter a channel: [1,H,W,C].
    const bool depthwise = op.op == TfliteOp::kDepthwiseConv2d;
    AddConstant(op.inputs[1], depthwise ? at::IntArrayRef({3, 0, 1, 2}) : kMapFromFile);
    if (op.inputs.size() == 3) AddConstant(op.inputs[2], {});
  } else if (op.op == TfliteOp::kAdd) {
    for (const int input : op.inputs) {
      if (source_[input] < 0) continue;
      const bool map = model_.tensors[source_[input]].shape.size() == 4;
      AddConstant(input, map ? at::IntArrayRef(kMapFromFile) : at::IntArrayRef());
    }
  }
}

at::Tensor TfliteNetworkImpl::Convolve(const TfliteOperator& op, const at::Tensor& input) const {
  const at::Tensor& weight = constants_.at(source_[op.inputs[1]]);
  const at::Tensor bias =
      op.inputs.size() == 3 ? constants_.at(source_[op.inputs[2]]) : at::Tensor();
  const std::array window = {static_cast<int>(weight.size(2)), static_cast<int>(weight.size(3))};
  const int64_t groups = op.op == TfliteOp::kDepthwiseConv2d ? input.size(1) : 1;
  const std::array<int64_t, 2> stride = {op.stride[0], op.stride[1]};
  const std::array<int64_t, 2> dilation = {op.dilation[0], op.dilation[1]};
  std::array<int64_t, 2> padding = {0, 0};
  at::Tensor padded = input;
  if (op.padding == TflitePadding::kSame) {
    const Margin y = SameMargin(input.size(2), window[0], op.stride[0], op.dilation[0]);
    const Margin x = SameMargin(input.size(3), window[1], op.stride[1], op.dilation[1]);
    if (y.before == y.after && x.before == x.after) {
      padding = {y.before, x.before};
    } else {
      padded = Padded(op, input, window, 0);
    }
  }
  return at::conv2d(padded, weight, bias, stride, padding, dilation, groups);
}

at::Tensor TfliteNetworkImpl::Resize(const TfliteOperator& op, const at::Tensor& input) const {
  // Of the three ways to lay pixels over pixels Torch has the two that networks are trained with.
  const std::vector<int>& shape = model_.tensors[op.outputs[0]].shape;
  if (!op.align_corners && !op.half_pixels) {
    ThrowUserError("{}: '{}' is resized without half pixels; this network cannot be used",
                   model_.what, model_.tensors[op.outputs[0]].name);
  }
  return at::upsample_bilinear2d(input, {shape[1], shape[2]}, op.align_corners);
}

at::Tensor TfliteNetworkImpl::Reshape(const TfliteOperator& op, const at::Tensor& input) const {
  const std::vector<int>& shape = model_.tensors[op.outputs[0]].shape;
  std::vector<int64_t> in_file(shape.begin(), shape.end());
  if (!in_file.empty()) in_file[0] = input.size(0);
  const at::Tensor flat = input.dim() == 4 ? input.permute(kFileFromMap) : input;
  const at::Tensor reshaped = flat.reshape(in_file);
  return in_file.size() == 4 ? reshaped.permute(kMapFromFile) : reshaped;
}

const at::Tensor& TfliteNetworkImpl::ValueOf(int tensor,
                                             const std::vector<at::Tensor>& values) const {
  const auto constant = constants_.find(source_[tensor]);
  const at::Tensor& value = constant == constants_.end() ? values[tensor] : constant->second;
  if (!value.defined()) {
    ThrowUserError("{}: '{}' is used and not computed before; this network cannot be used",
                   model_.what, model_.tensors[tensor].name);
  }
  return value;
}

at::Tensor TfliteNetworkImpl::Run(const TfliteOperator& op,
                                  const std::vector<at::Tensor>& values) const {
  const auto value = [&](size_t i) -> const at::Tensor& { return ValueOf(op.inputs[i], values); };
  switch (op.op) {
    case TfliteOp::kAdd:
      return Activated(op.activation, value(0) + value(1));
    case TfliteOp::kConv2d:
    case TfliteOp::kDepthwiseConv2d:
      return Activated(op.activation, Convolve(op, value(0)));
    case TfliteOp::kLogistic:
      return value(0).sigmoid();
    case TfliteOp::kReshape:
      return Reshape(op, value(0));
    case TfliteOp::kResizeBilinear:
      return Resize(op, value(0));
    case TfliteOp::kDepthToSpace:
      return DepthToSpace(value(0), op.block);
    case TfliteOp::kMaxPool2d: {
      const at::Tensor padded =
          Padded(op, value(0), op.window, -std::numeric_limits<double>::infinity());
      return Activated(op.activation, at::max_pool2d(padded, {op.window[0], op.window[1]},
                                                     {op.stride[0], op.stride[1]}));
    }
    case TfliteOp::kPad: {
      const std::vector<int> m = TfliteInts(model_, source_[op.inputs[1]]);
      return at::constant_pad_nd(value(0), {m[4], m[5], m[2], m[3], m[6], m[7]}, 0);
    }
    case TfliteOp::kConcatenation: {
      std::vector<at::Tensor> parts;
      for (size_t i = 0; i < op.inputs.size(); ++i) parts.push_back(value(i));
      const int64_t axes = parts[0].dim(), axis = op.axis < 0 ? op.axis + axes : op.axis;
      const int64_t here = axes == 4 ? std::array{0, 2, 3, 1}[axis] : axis;
      return Activated(op.activation, at::cat(parts, here));
    }
    case TfliteOp::kDequantize:
    case TfliteOp::kDensify:
      break;  // constants alone
  }
  GYRE_CHECK(false, "operator {} is not run", static_cast<int>(op.op));
}

std::vector<at::Tensor> TfliteNetworkImpl::Compute(const at::Tensor& image,
                                                   std::span<const int> tensors) {
  const int64_t batch = image.size(0);
  GYRE_CHECK(image.sizes() == at::IntArrayRef(ShapeHere(InputShape(), batch)));
  // What is needed, from the last operator back; and the operator that needs each tensor last.
  std::vector<uint8_t> needed(model_.tensors.size(), 0);
  std::vector<int> last_use(model_.tensors.size(), -1);
  for (const int tensor : tensors) {
    needed[tensor] = 1;
    last_use[tensor] = std::numeric_limits<int>::max();
  }
  std::vector<uint8_t> runs(model_.operators.size(), 0);
  for (int i = static_cast<int>(runs.size()) - 1; i >= 0; --i) {
    const TfliteOperator& op = model_.operators[i];
    runs[i] = needed[op.outputs[0]] && source_[op.outputs[0]] < 0;
    if (!runs[i]) continue;
    for (const int input : op.inputs) {
      needed[input] = 1;
      last_use[input] = std::max(last_use[input], i);
    }
  }
  std::vector<at::Tensor> values(model_.tensors.size());
  values[model_.inputs[0]] = image;
  for (int i = 0; i < std::ssize(runs); ++i) {
    if (!runs[i]) continue;
    const TfliteOperator& op = model_.operators[i];
    const int made = op.outputs[0];
    try {
      values[made] = Run(op, values);
    } catch (const UserError&) {
      throw;
    } catch (const std::exception&) {  // Torch refuses shapes by errors of several kinds
      values[made].reset();
    }
    if (!values[made].defined() ||
        values[made].sizes() != at::IntArrayRef(ShapeHere(model_.tensors[made].shape, batch))) {
      ThrowUserError(
          "{}: '{}' does not get the shape that is written there; this network cannot be "
          "used",
          model_.what, model_.tensors[made].name);
    }
    for (const int input : op.inputs) {
      if (last_use[input] == i) values[input].reset();
    }
  }
  std::vector<at::Tensor> found;
  for (const int tensor : tensors) found.push_back(ValueOf(tensor, values));
  return found;
}

std::vector<at::Tensor> TfliteNetworkImpl::forward(const at::Tensor& image) {
  return Compute(image, model_.outputs);
}

}  // namespace gyre
