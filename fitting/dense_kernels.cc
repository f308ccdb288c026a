// SPDX-License-Identifier: Apache-2.0
#include "fitting/dense_kernels.inc"

namespace gyre {

const DenseKernels& PortableKernels() {
  static constexpr DenseKernels kernels{"portable", AddGram, SolveNormal, UpperNorm2, Multiply};
  return kernels;
}

#ifdef GYRE_X86_64_V3
const DenseKernels& V3Kernels();  // dense_kernels_v3.cc
#endif

const DenseKernels& BestKernels() {
#ifdef GYRE_X86_64_V3
  static const bool has_v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_v3) return V3Kernels();
#endif
  return PortableKernels();
}

}  // namespace gyre
