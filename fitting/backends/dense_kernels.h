// SPDX-License-Identifier: Apache-2.0
// The dense linear algebra of a fit, on raw arrays whose sizes are known when it is compiled, built
// once for any x86-64 and once for x86-64-v3 (AVX2, FMA; 2 to 3 times faster), and chosen when the
// program runs.
//
// A normal matrix of n parameters is the upper triangle, row by row, of [J r]^T [J r]: its last
// used column holds the gradient J^T r. Rows are NormalSize<n>::kStride long; columns count in
// blocks of 4, whole blocks being read and written, so that what lies beyond the last used column
// must hold zeros.
#pragma once

#include <cstdint>

namespace gyre {

inline constexpr int kNormalBlock = 4;

template <int Params>
struct NormalSize {
  static constexpr int kBlocks = (Params + 1 + kNormalBlock - 1) / kNormalBlock;  // r's too
  static constexpr int kStride = kBlocks * kNormalBlock;
};

struct DenseKernels {
  const char* name;
  // normal += rows^T rows, rows [num_rows, kStride], in the column blocks listed in ascending
  // order; the others of these rows must hold zeros or not matter.
  void (*add_gram)(const double* rows, int num_rows, const uint8_t* blocks, int num_blocks,
                   double* normal);
  // Solves (J^T J + diag(damping)) x = J^T r by Cholesky's factorisation, which is left in `work`
  // [kStride, kStride]; damping and x [Params]. False when the matrix is not positive definite; x
  // is then not written.
  bool (*solve_normal)(const double* normal, const double* damping, double* work, double* x);
  // X in place of B, U^T X = B: U [n, stride], an upper triangle of which nothing below the
  // diagonal is read; B [n, columns], columns a multiple of 4.
  void (*solve_transposed)(const double* upper, int n, int stride, double* b, int columns);
  // |U d|^2 for an upper triangle U [n, stride], rows of which are zero below the diagonal; stops
  // early once the sum exceeds `limit`, and returns what it has then.
  double (*upper_norm2)(const double* upper, int n, int stride, const double* d, double limit);
  // y = M x, M [rows, stride], stride a multiple of 4 and x [stride].
  void (*multiply)(const double* m, int rows, int stride, const double* x, double* y);
};

// Compiled for the sizes of smpl_sizes.h.
template <int Params>
const DenseKernels& PortableKernels();
// The fastest that this processor runs.
template <int Params>
const DenseKernels& BestKernels();

}  // namespace gyre
