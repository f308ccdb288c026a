// SPDX-License-Identifier: Apache-2.0
#include "regressor/graph_options.h"

#include "core/error.h"

namespace gyre {

void GraphOptions::Check() const {
  const auto check = [](const char* name, int value, int least, int most) {
    if (value < least || value > most) {
      ThrowUserError("graph.{}: {} is not in {}..{}", name, value, least, most);
    }
  };
  check("levels", levels, 0, 4);
  check("channels", channels, 16, 1024);
  if (channels % 16 != 0) ThrowUserError("graph.channels: {} is not a multiple of 16", channels);
  check("layers", layers, 0, 50);
  check("walk", walk, 1, 8);
  check("body_width", body_width, 8, 8192);
}

}  // namespace gyre
