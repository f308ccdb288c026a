// SPDX-License-Identifier: Apache-2.0
#include "regressor/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace gyre {
namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
using at::autocast::get_autocast_dtype;
using at::autocast::is_autocast_enabled;
using at::autocast::set_autocast_dtype;
using at::autocast::set_autocast_enabled;
#else
// As LibTorch 2.4 has them; then what they are made of here is deprecated.
bool is_autocast_enabled(c10::DeviceType device) {
  return device == c10::kCPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
}
void set_autocast_enabled(c10::DeviceType device, bool enabled) {
  device == c10::kCPU ? at::autocast::set_cpu_enabled(enabled) : at::autocast::set_enabled(enabled);
}
at::ScalarType get_autocast_dtype(c10::DeviceType device) {
  return device == c10::kCPU ? at::autocast::get_autocast_cpu_dtype()
                             : at::autocast::get_autocast_gpu_dtype();
}
void set_autocast_dtype(c10::DeviceType device, at::ScalarType type) {
  device == c10::kCPU ? at::autocast::set_autocast_cpu_dtype(type)
                      : at::autocast::set_autocast_gpu_dtype(type);
}
#endif

}  // namespace

Bfloat16Scope::Bfloat16Scope(c10::DeviceType device)
    : device_(device),
      was_enabled_(is_autocast_enabled(device)),
      former_type_(get_autocast_dtype(device)) {
  set_autocast_dtype(device, at::kBFloat16);
  set_autocast_enabled(device, true);
}

Bfloat16Scope::~Bfloat16Scope() {
  at::autocast::clear_cache();  // weights in bfloat16, which the optimiser is about to change
  set_autocast_enabled(device_, was_enabled_);
  set_autocast_dtype(device_, former_type_);
}

}  // namespace gyre
