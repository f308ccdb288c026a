// SPDX-License-Identifier: Apache-2.0
#include "fitting/backends/dense_kernels.inc"

namespace gyre {

#ifdef GYRE_X86_64_V3
template <int Params>
const DenseKernels& V3Kernels();  // dense_kernels_v3.cc
#endif

template <int Params>
const DenseKernels& PortableKernels() {
  static constexpr DenseKernels kernels = KernelsOf<Params>("portable");
  return kernels;
}

template <int Params>
const DenseKernels& BestKernels() {
#ifdef GYRE_X86_64_V3
  static const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_v3) return V3Kernels<Params>();
#endif
  return PortableKernels<Params>();
}

template const DenseKernels& PortableKernels<SmplSizes::kParams>();
template const DenseKernels& BestKernels<SmplSizes::kParams>();
template const DenseKernels& PortableKernels<kSmallChart>();
template const DenseKernels& BestKernels<kSmallChart>();
template const DenseKernels& PortableKernels<kLargeChart>();
template const DenseKernels& BestKernels<kLargeChart>();

}  // namespace gyre
