// SPDX-License-Identifier: Apache-2.0
#include "body/limbs.h"

#include <array>

#include "body/anatomy.h"

namespace gyre {

const std::vector<int>& SpinKeypointsWithLimbsExchanged(Limbs limbs) {
  static const std::array<std::vector<int>, 3> permutations = {
      WithLimbsExchanged(SpinJoints(), Limbs::kNone),
      WithLimbsExchanged(SpinJoints(), Limbs::kArms),
      WithLimbsExchanged(SpinJoints(), Limbs::kLegs)};
  return permutations[static_cast<size_t>(limbs)];
}

}  // namespace gyre
