// SPDX-License-Identifier: Apache-2.0
// A network of a TensorFlow Lite file (io/tflite.h) on LibTorch: any batch, any device, and
// differentiable, so that what was learned elsewhere can be learned on from.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <map>
#include <span>
#include <vector>

#include "io/tflite.h"

namespace gyre {

class TfliteNetworkImpl : public torch::nn::Module {
 public:
  // Constants become parameters "tensor_N" by their position in the file, in the layout of Torch's
  // convolutions, without gradients until they are asked for. UserError where operators and tensors
  // do not fit each other.
  explicit TfliteNetworkImpl(TfliteModel model);

  // image [B,C,H,W] in the range that the network was made for -> its outputs in the file's order,
  // those of four axes [B,C,H,W], too, the others [B,...] as in the file.
  std::vector<at::Tensor> forward(const at::Tensor& image);
  // The same for any tensors of the file: only what they need is computed.
  std::vector<at::Tensor> Compute(const at::Tensor& image, std::span<const int> tensors);

  const TfliteModel& model() const { return model_; }
  // The size of its input.
  int height() const { return InputShape()[1]; }
  int width() const { return InputShape()[2]; }

 private:
  const std::vector<int>& InputShape() const { return model_.tensors[model_.inputs[0]].shape; }
  void AddConstant(int tensor, at::IntArrayRef order);
  void AddConstants(const TfliteOperator& op);
  void Check(const TfliteOperator& op) const;
  const at::Tensor& ValueOf(int tensor, const std::vector<at::Tensor>& values) const;
  at::Tensor Run(const TfliteOperator& op, const std::vector<at::Tensor>& values) const;
  at::Tensor Convolve(const TfliteOperator& op, const at::Tensor& input) const;
  at::Tensor Resize(const TfliteOperator& op, const at::Tensor& input) const;
  at::Tensor Reshape(const TfliteOperator& op, const at::Tensor& input) const;

  TfliteModel model_;
  std::vector<int> source_;  // of a tensor that is a constant, the one that holds it; else -1
  std::map<int, at::Tensor> constants_;  // by that
};
TORCH_MODULE(TfliteNetwork);

}  // namespace gyre
