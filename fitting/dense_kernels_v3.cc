// SPDX-License-Identifier: Apache-2.0
// Built with -march=x86-64-v3 (CMakeLists.txt); empty where there is no such thing.
#ifdef GYRE_X86_64_V3

#include "fitting/dense_kernels.inc"

namespace gyre {

extern const DenseKernels& V3Kernels();
const DenseKernels& V3Kernels() {
  static constexpr DenseKernels kernels{"x86-64-v3", AddGram, SolveNormal, UpperNorm2, Multiply};
  return kernels;
}

}  // namespace gyre

#endif
