// SPDX-License-Identifier: Apache-2.0
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "fuzz/fuzz_target.h"
#include "regressor/layers/blaze_pose.h"
#include "regressor/tflite_network.h"
#include "regressor/torch_file.h"

namespace gyre {
namespace {

// A checkpoint of torch.save, in either of its formats.
const FuzzTarget kCheckpoint(
    "checkpoint", [](const std::string& bytes) { ReadTorchFile(AsFile(bytes, "input.pt")); },
    /*is_zip=*/true);

// A network that was accepted runs or says why not, and is no BlazePose.
const FuzzTarget kTfliteNetwork("tflite_network", [](const std::string& bytes) {
  TfliteModel model = ParseTflite(bytes, "input");
  const bool small = std::ranges::all_of(model.tensors, [](const TfliteTensor& tensor) {
    int64_t elements = 1;
    for (const int length : tensor.shape) elements *= length;
    return elements <= 1 << 12;
  });
  if (!small || model.operators.size() > 100) return;
  TfliteNetwork network(std::move(model));
  const at::NoGradGuard no_grad;
  const std::vector<int>& shape = network->model().tensors[network->model().inputs[0]].shape;
  network->forward(at::zeros({2, shape[3], shape[1], shape[2]}));
  static BlazePose landmarks(kBlazePoseLite);
  landmarks->Load(network->model());
});

}  // namespace
}  // namespace gyre
