// SPDX-License-Identifier: Apache-2.0
// LibTorch on this machine: threads, memory, devices, random state.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace torch::nn {
class Module;
}

namespace gyre {

// Once, before the first computation: `threads` (0: all cores) for LibTorch's kernels, freed memory
// kept for the next step instead of given back to the system (1.1-1.5x on a CPU), denormal numbers
// flushed to zero, OpenBLAS' kernels those of the processor's instructions (2.6x for the network of
// keypoints) unless OPENBLAS_CORETYPE says otherwise.
void InitRuntime(int threads);

// Lays the weights of convolutions out as the pictures of NormalizeCrops are (channels last), which
// saves oneDNN and cuDNN a reordering in every call. Before the optimiser sees the parameters.
void UseChannelsLast(torch::nn::Module& module);

// "cpu", "cuda" or "cuda:1". UserError says what there is.
c10::Device DeviceFromName(const std::string& name);

// Torch's generators (weight initialisation, dropout). Everything else in gyre draws from
// core/rng.h.
void SeedTorch(uint64_t seed);
// The state of the device's default generator as bytes [N] on the CPU, for checkpoints.
at::Tensor GetTorchRandomState(c10::Device device);
// UserError names `what` when the bytes are no state of this device's generator.
void SetTorchRandomState(c10::Device device, const at::Tensor& state, const std::string& what);

}  // namespace gyre
