// SPDX-License-Identifier: Apache-2.0
#include "regressor/network_options.h"

#include "core/error.h"

namespace gyre {

void NetworkOptions::Check() const {
  if (image_px < 32 || image_px > 1024 || image_px % 32 != 0) {
    ThrowUserError("image_px: {} is not a multiple of 32 in 32..1024", image_px);
  }
  if (width < 8 || width > 256 || width % 8 != 0) {
    ThrowUserError("width: {} is not a multiple of 8 in 8..256", width);
  }
  if (ief_iterations < 1 || ief_iterations > 100) {
    ThrowUserError("ief_iterations: {} is not in 1..100", ief_iterations);
  }
  if (!(dropout >= 0 && dropout < 1)) ThrowUserError("dropout: {} is not in [0, 1)", dropout);
}

NetworkOptions NetworkOptions::FromPreset(const std::string& name) {
  NetworkOptions options;
  if (name == "spin") return options;
  if (name == "small") {
    options.backbone = Backbone::kResNet18;
    options.image_px = 128;
    return options;
  }
  ThrowUserError("network preset: \"{}\" is not one of spin, small", name);
}

}  // namespace gyre
