// SPDX-License-Identifier: Apache-2.0
// Mixed precision by LibTorch's autocast: convolutions and matrix products round their arguments to
// bfloat16 (8 bits of mantissa, float32's range, so that no loss needs scaling) and add up in
// float32. Weights, their gradients and the optimiser stay float32.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace gyre {

// While one lives, what this thread computes on devices of a type (CPU or CUDA) is in bfloat16
// where that does. Backward passes belong outside: they follow the forward pass's types.
class Bfloat16Scope {
 public:
  explicit Bfloat16Scope(c10::DeviceType device);
  ~Bfloat16Scope();
  Bfloat16Scope(const Bfloat16Scope&) = delete;
  Bfloat16Scope& operator=(const Bfloat16Scope&) = delete;

 private:
  c10::DeviceType device_;
  bool was_enabled_;
  c10::ScalarType former_type_;
};

}  // namespace gyre
