// SPDX-License-Identifier: Apache-2.0
#include "body/limbs.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>

#include "body/joints.h"

namespace gyre {
namespace {

std::vector<int> Exchange(std::initializer_list<std::string_view> parts) {
  const std::vector<int> mirror = SpinJoints().MirrorPermutation();
  std::vector<int> permutation(kNumSpinJoints);
  for (int i = 0; i < kNumSpinJoints; ++i) {
    const bool in_limb = std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
      return SpinJoints().joints[i].find(part) != std::string_view::npos;
    });
    permutation[i] = in_limb ? mirror[i] : i;
  }
  return permutation;
}

}  // namespace

const std::vector<int>& SpinKeypointsWithLimbsExchanged(Limbs limbs) {
  static const std::array<std::vector<int>, 3> permutations = {
      Exchange({}), Exchange({"Shoulder", "Elbow", "Wrist"}),
      Exchange({"Hip", "Knee", "Ankle", "Toe", "Heel"})};
  return permutations[static_cast<size_t>(limbs)];
}

}  // namespace gyre
