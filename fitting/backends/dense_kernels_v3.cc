// SPDX-License-Identifier: Apache-2.0
// Built with -march=x86-64-v3 (CMakeLists.txt); empty where there is no such thing.
#ifdef GYRE_X86_64_V3

#include "fitting/backends/dense_kernels.inc"

namespace gyre {

template <int Params>
const DenseKernels& V3Kernels();

template <int Params>
const DenseKernels& V3Kernels() {
  static constexpr DenseKernels kernels = KernelsOf<Params>("x86-64-v3");
  return kernels;
}

template const DenseKernels& V3Kernels<SmplSizes::kParams>();
template const DenseKernels& V3Kernels<kSmallChart>();
template const DenseKernels& V3Kernels<kLargeChart>();

}  // namespace gyre

#endif
