// SPDX-License-Identifier: Apache-2.0
#include "regressor/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Generator.h>
#include <malloc.h>
#include <torch/cuda.h>
#include <torch/nn/module.h>

#include <cstdlib>
#include <mutex>
#include <string>

#include "core/error.h"
#include "core/parallel.h"

// Of OpenBLAS, where that is the BLAS underneath and chooses its kernels at run time.
extern "C" {
__attribute__((weak)) void openblas_set_num_threads(int);
__attribute__((weak)) char* openblas_get_corename();
__attribute__((weak)) void gotoblas_dynamic_quit();
__attribute__((weak)) void gotoblas_dynamic_init();
}

namespace gyre {
namespace {

// A processor that OpenBLAS does not know, being younger or virtual, gets kernels of 2004: a
// product of matrices then takes two to three times as long. Which instructions there are is known
// all the same.
void ChooseBlasKernels() {
#ifdef __x86_64__
  if (!openblas_get_corename || !gotoblas_dynamic_quit || !gotoblas_dynamic_init) return;
  if (std::string(openblas_get_corename()) != "Prescott") return;
  const char* kernels = nullptr;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) kernels = "HASWELL";
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    kernels = "SKYLAKEX";
  }
  if (!kernels || setenv("OPENBLAS_CORETYPE", kernels, /*overwrite: the user's word*/ 0)) return;
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();  // reads the variable
#endif
}

}  // namespace

void InitRuntime(int threads) {
  GYRE_CHECK(threads >= 0);
  at::set_num_threads(threads == 0 ? HardwareThreads() : threads);
  at::globalContext().setFlushDenormal(true);
  static std::once_flag kernels_chosen;
  std::call_once(kernels_chosen, ChooseBlasKernels);
  // OpenBLAS' own threads would wait for work beside LibTorch's, on the same cores.
  if (openblas_set_num_threads) openblas_set_num_threads(1);
#ifdef __GLIBC__
  // A training step frees and takes the same buffers again. By default each comes as a fresh
  // mapping whose pages the system must clear.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 256 << 20);
#endif
}

void UseChannelsLast(torch::nn::Module& module) {
  for (at::Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) {
      // Not contiguous(), which leaves kernels of one pixel with other strides than their gradients.
      parameter.set_data(parameter.data().clone(at::MemoryFormat::ChannelsLast));
    }
  }
}

c10::Device DeviceFromName(const std::string& name) {
  if (name == "cpu") return c10::kCPU;
  if (name != "cuda" && !name.starts_with("cuda:")) {
    ThrowUserError("device: \"{}\" is not one of cpu, cuda, cuda:N", name);
  }
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (count == 0) {
    ThrowUserError(
        "device: \"{}\" is not there: this LibTorch sees no CUDA device (Debian's has no CUDA; "
        "build against another with CMAKE_PREFIX_PATH), use cpu",
        name);
  }
  int index = 0;
  if (name != "cuda") {
    const std::string digits = name.substr(5);
    index = digits.size() == 1 && digits[0] >= '0' && digits[0] <= '9' ? digits[0] - '0' : -1;
  }
  if (index < 0 || index >= count) {
    ThrowUserError("device: \"{}\" is not there: CUDA devices are 0..{}", name, count - 1);
  }
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

void SeedTorch(uint64_t seed) { at::manual_seed(seed); }

at::Tensor GetTorchRandomState(c10::Device device) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void SetTorchRandomState(c10::Device device, const at::Tensor& state, const std::string& what) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  const at::Tensor old_state = generator.get_state();
  if (state.scalar_type() != at::kByte || state.sizes() != old_state.sizes()) {
    ThrowUserError("{}: no random state of {}", what, device.str());
  }
  try {
    generator.set_state(state.to(at::kCPU).contiguous());
  } catch (const c10::Error&) {
    ThrowUserError("{}: no random state of {}", what, device.str());
  }
}

}  // namespace gyre
