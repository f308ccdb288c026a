// SPDX-License-Identifier: Apache-2.0
#include "fitting/terms/spring.h"

namespace gyre {

void SpringTerm::FillRows(const BodyParams& params, const BodyParams& anchor, Row* rows) const {
  for (int i = first_; i < first_ + count(); ++i) {
    const double target = target_ == Target::kAnchor ? anchor.values()[i] : 0;
    *rows++ = {i, weight() * (params.values()[i] - target), weight()};
  }
}

}  // namespace gyre
